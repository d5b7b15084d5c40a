// Facts for watches, jobs that stand for silence, and threads whose handles are looked up.
export default `
create table fact (
  seq integer primary key,
  source text not null,
  name text not null,
  key text not null,
  time integer not null,
  received integer not null,
  host text,
  data text not null
);
create index fact_last on fact (source, name, key, seq);

alter table job add column period integer;
create index job_absence on job (key) where period is not null;
create index job_kind on job (kind) where kind = 'recheck';

create index delivery_handle on delivery (channel, thread, recipient) where handle is not null;
`
