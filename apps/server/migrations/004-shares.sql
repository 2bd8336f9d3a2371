-- Whose work a job is: shares are counted by token, which a name is not.
alter table snp.jobs add column token text;
-- Checks of new models, and what takes no time.
alter table snp.jobs add column quick boolean not null default false;
-- Where it stands in its queue: tokens take turns (jobs/turns.ts). None until it is queued.
alter table snp.jobs add column turn bigint;
create index on snp.jobs (token) where state in ('waiting', 'queued', 'running');
create index on snp.jobs (queue, turn) where started is not null;

create index on snp.uploads (token) where sha256 is null;

-- Bytes of all files: added up once, not with every file that comes.
create table snp.stored (
  one boolean primary key default true check (one),
  bytes bigint not null
);
insert into snp.stored (bytes) select coalesce(sum(bytes), 0) from snp.blobs;
create function snp.count_stored() returns trigger language plpgsql as $$
begin
  update snp.stored set bytes = bytes + coalesce(new.bytes, 0) - coalesce(old.bytes, 0);
  return null;
end $$;
create trigger count after insert or delete or update of bytes on snp.blobs for each row execute function snp.count_stored();
