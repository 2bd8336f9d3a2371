-- What a job is made of: parts that it began itself, and those that others began and it needs too.
create view snp.parts as
  select parent as whole, id as part from snp.jobs where parent is not null
  union
  select n.job, n.needs from snp.job_needs n join snp.jobs j on j.id = n.needs where j.parent is not null;
