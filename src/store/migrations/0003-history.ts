// Hosts with their last sample, and what remains of samples: chunks of buckets in three tiers, and rolled up ones not yet in them.
export default `
create table host (
  name text primary key,
  first integer not null,
  last integer not null,
  source text not null,
  sample text not null
) without rowid;

create table history (
  host text not null,
  tier integer not null,
  start integer not null,
  data blob not null,
  primary key (host, tier, start)
);
create index history_age on history (tier, start);

create table history_new (
  host text not null,
  upto integer not null,
  data blob not null,
  primary key (host, upto)
);

create index fact_sample on fact (key, seq) where name = 'host.sample';
`
