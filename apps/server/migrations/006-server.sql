-- What tells servers apart: browsers keep one cookie for each of those on one host.
create table snp.server (
  id text not null
);
insert into snp.server values (left(replace(gen_random_uuid()::text, '-', ''), 12));
