create table snp.tokens (
  id text primary key,
  name text not null,
  role text not null,
  -- SHA-256 of the secret, which is 24 random bytes: nothing that could be guessed.
  hash bytea not null,
  created timestamptz not null default now(),
  used timestamptz,
  expires timestamptz
);

-- Browsers that signed in, and links that let one sign in once.
create table snp.sessions (
  hash bytea primary key,
  token text not null references snp.tokens on delete cascade,
  once boolean not null default false,
  expires timestamptz not null
);

-- Files by what they hold. They lie in the artefact store; here is what is known of them.
create table snp.blobs (
  sha256 text primary key,
  bytes bigint not null,
  created timestamptz not null default now()
);

-- Who needs a file: what nobody needs is cleared away.
create table snp.blob_uses (
  sha256 text not null references snp.blobs,
  owner text not null,
  primary key (owner, sha256)
);
create index on snp.blob_uses (sha256);

create table snp.uploads (
  id text primary key,
  token text not null,
  length bigint not null,
  sha256 text,
  created timestamptz not null default now()
);

-- Times of creation are to the millisecond, as JSON and cursors have them.
create table snp.models (
  id text primary key,
  name text not null,
  sha256 text not null,
  bytes bigint not null,
  -- External data: [{ location, sha256, bytes }].
  data jsonb not null,
  -- Hash of all of the above but the id: the same files under the same name are one model.
  key text not null unique,
  state text not null,
  problem jsonb,
  cost jsonb,
  analysis_job text,
  origin_model text,
  origin_job text,
  created timestamptz not null default date_trunc('milliseconds', now())
);
create index on snp.models (created desc, id desc);

create table snp.datasets (
  id text primary key,
  name text not null,
  kind text not null,
  files integer not null,
  bytes bigint not null,
  -- Of its manifest, a file that lists paths and contents.
  sha256 text not null,
  created timestamptz not null default date_trunc('milliseconds', now()),
  unique (name, sha256)
);

create table snp.devices (
  id text primary key,
  token text not null,
  name text not null,
  fingerprint jsonb not null,
  targets jsonb not null,
  seen timestamptz not null default now(),
  created timestamptz not null default date_trunc('milliseconds', now())
);

create table snp.jobs (
  id text primary key,
  type text not null,
  -- Hash of all that decides the result: the same work is done once.
  key text not null,
  state text not null,
  title text not null,
  -- As it was asked for.
  input jsonb not null,
  -- As it is executed: contents instead of ids.
  work jsonb not null,
  queue text not null,
  parent text,
  model text,
  device text,
  progress jsonb,
  attempt integer not null default 0,
  -- Whoever holds the lease may report; a new holder has a new one, and the old one's word no longer counts.
  lease text,
  lease_until timestamptz,
  worker text,
  -- The queue's own number of the delivery.
  delivery uuid,
  error jsonb,
  result jsonb,
  artefacts jsonb not null default '[]',
  created_by text not null,
  created timestamptz not null default date_trunc('milliseconds', now()),
  started timestamptz,
  ended timestamptz
);
create unique index on snp.jobs (key) where state in ('waiting', 'queued', 'running', 'done');
create index on snp.jobs (created desc, id desc);
create index on snp.jobs (parent);
create index on snp.jobs (lease_until) where state = 'running';
create index on snp.jobs (device, state);

create table snp.job_needs (
  job text not null references snp.jobs on delete cascade,
  needs text not null references snp.jobs on delete cascade,
  -- Sums of floating-point numbers depend on their order.
  at integer not null,
  primary key (job, needs)
);
create index on snp.job_needs (needs);

create table snp.job_logs (
  job text not null references snp.jobs on delete cascade,
  seq bigint generated always as identity primary key,
  at timestamptz not null default now(),
  level text not null,
  text text not null
);
create index on snp.job_logs (job, seq);

create table snp.audit (
  seq bigint generated always as identity primary key,
  at timestamptz not null default now(),
  token text,
  action text not null,
  subject text,
  status integer not null,
  address text not null
);

-- Answers to requests with a key, to be given again.
create table snp.answers (
  token text not null,
  key text not null,
  request text not null,
  -- Null while the first request is at work.
  status integer,
  body text,
  created timestamptz not null default now(),
  primary key (token, key)
);

-- Whoever shows progress listens for changes instead of asking again and again.
create function snp.tell_job() returns trigger language plpgsql as $$
begin
  perform pg_notify('snp_jobs', new.id || ' ' || new.state);
  return null;
end $$;
create trigger tell after insert or update on snp.jobs for each row execute function snp.tell_job();

create function snp.tell_log() returns trigger language plpgsql as $$
begin
  perform pg_notify('snp_jobs', new.job || ' log');
  return null;
end $$;
create trigger tell after insert on snp.job_logs for each row execute function snp.tell_log();

create function snp.tell_device() returns trigger language plpgsql as $$
begin
  perform pg_notify('snp_devices', new.id);
  return null;
end $$;
create trigger tell after insert or update on snp.devices for each row execute function snp.tell_device();
