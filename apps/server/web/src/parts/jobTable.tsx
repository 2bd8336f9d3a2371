import { duration } from '@snp/pages';
import type { Job } from '../api/types.js';
import { href } from '../route.js';
import { JobTag, When } from './tags.js';

/** Jobs as rows. */
export function JobTable({ jobs, caption }: { jobs: readonly Job[]; caption: string }) {
  return (
    <div class="card">
      <table class="folding">
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Job</th>
            <th scope="col">State</th>
            <th scope="col">Progress</th>
            <th scope="col">By</th>
            <th scope="col">Asked for</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.id}>
              <th scope="row" class="wrap">
                <a href={href('jobs', job.id)}>{job.title}</a>
              </th>
              <td>
                <JobTag state={job.state} />
              </td>
              <td data-label="Progress">{progressText(job)}</td>
              <td data-label="By">{job.createdBy}</td>
              <td data-label="Asked for">
                <When time={job.created} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** How far a job is, in a few words. */
function progressText(job: Job): string {
  const { progress, parts, started, ended } = job;
  if (started && ended) return `took ${duration((Date.parse(ended) - Date.parse(started)) / 1000)}`;
  if (job.state === 'running' && parts) return `${parts.done} of ${parts.total} parts`;
  if (job.state === 'running' && progress)
    return progress.total ? `${progress.step}, ${Math.floor((100 * progress.done) / progress.total)} %` : progress.step;
  return '–';
}

/** Puts a job that changed in the place of what was known of it, or at the top. */
export function withJob(jobs: readonly Job[], job: Job): Job[] {
  return jobs.some(({ id }) => id === job.id) ? jobs.map((own) => (own.id === job.id ? job : own)) : [job, ...jobs];
}
