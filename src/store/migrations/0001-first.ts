// The first schema: one order of positions (seq) over events and all other inputs; ids are positions in base 32.
export default `
create table meta (key text primary key, value text not null) without rowid;

create table event (
  seq integer primary key,
  type text not null,
  time integer not null,
  received integer not null,
  source text not null,
  host text,
  subject text,
  severity text not null,
  labels text not null,
  data text not null,
  title text,
  text text,
  condition text,
  cause integer
);

create table input (seq integer primary key, at integer not null, kind text not null, body text not null);

create table verdict (
  event integer not null,
  rule text not null,
  channel text not null,
  state text not null,
  by text not null,
  reason text not null,
  message text,
  until integer,
  at integer not null,
  primary key (event, rule, channel)
) without rowid;

create table delivery (
  seq integer primary key,
  channel text not null,
  recipient text not null,
  thread text not null,
  kind text not null,
  rule text not null,
  events text not null,
  severity text not null,
  extra text not null,
  state text not null,
  attempts integer not null,
  unanswered integer not null,
  created integer not null,
  due integer not null,
  expires integer not null,
  ended integer,
  reason text,
  detail text,
  handle text
);
create index delivery_waiting on delivery (channel, seq) where state in ('queued', 'retrying');
create index delivery_sending on delivery (seq) where state = 'sending';

create table attempt (
  delivery integer not null,
  number integer not null,
  started integer not null,
  ended integer not null,
  result text not null,
  maybe integer not null,
  detail text not null,
  primary key (delivery, number)
) without rowid;

create table part (
  delivery integer not null,
  number integer not null,
  text text not null,
  handle text,
  sent integer,
  primary key (delivery, number)
) without rowid;

create table state (key text primary key, value text not null, expires integer) without rowid;
create index state_expires on state (expires) where expires is not null;

create table job (key text primary key, kind text not null, due integer not null, clock text not null, source text, body text not null) without rowid;
create index job_due on job (due);

create table identity (key text primary key, seq integer not null, digest text not null, at integer not null) without rowid;

create table source (name text primary key, cursor text not null) without rowid;
create table session (source text not null, key text not null, value text not null, primary key (source, key)) without rowid;
`
