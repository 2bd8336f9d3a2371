import { bytes } from '@snp/pages';
import { root } from '../api/root.js';
import type { Job } from '../api/types.js';

/** Files that a job made. */
export function Downloads({ files }: { files: Job['artefacts'] }) {
  return (
    <ul class="row" aria-label="Files">
      {files.map(({ name, url, bytes: size, type }) => (
        <li class="row" key={name}>
          <a class="button" href={root + url} download={name}>
            {name} <span class="quiet small">{bytes(size)}</span>
          </a>
          {type.startsWith('text/html') && (
            <a href={`${root}${url}?view`} target="_blank" rel="noreferrer">
              Open
            </a>
          )}
        </li>
      ))}
    </ul>
  );
}
