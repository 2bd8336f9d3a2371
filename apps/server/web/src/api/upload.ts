import { answer, api, randomId } from './client.js';
import { Problem } from './problem.js';
import { root } from './root.js';
import type { Upload } from './types.js';

/** Bytes of one request: small enough to lose little when a connection breaks, large enough to cost nothing. */
const PIECE = 8 * 2 ** 20;
const RETRIES = 5;
/** Where a browser keeps its memory, for this server alone. */
const MEMORY = `snp-uploads ${root}`;

interface Unfinished {
  id: string;
  name: string;
  bytes: number;
}

/** Uploads that were begun in this browser and not completed, by what identifies their file. */
function unfinished(): Record<string, Unfinished> {
  try {
    return JSON.parse(localStorage.getItem(MEMORY) ?? '{}');
  } catch {
    return {};
  }
}

function remember(key: string, upload: Unfinished | undefined): void {
  const all = unfinished();
  if (upload) all[key] = upload;
  else delete all[key];
  localStorage.setItem(MEMORY, JSON.stringify(all));
}

/** Files whose upload can go on once they are chosen again. */
export function unfinishedUploads(): Unfinished[] {
  return Object.values(unfinished());
}

/** Forgets them. */
export function forgetUnfinished(): void {
  localStorage.removeItem(MEMORY);
}

/**
 * Sends a file piece by piece. It goes on where it broke off: after a failed connection by itself, and after the page was closed as soon as
 * the same file is chosen again.
 *
 * @returns The id of the complete upload.
 */
export async function uploadFile(
  file: File,
  { onProgress, signal }: { onProgress: (bytes: number) => void; signal: AbortSignal },
): Promise<string> {
  const key = `${file.name} ${file.size} ${file.lastModified}`;
  const known = unfinished()[key];
  const id = known?.id ?? randomId();
  remember(key, { id, name: file.name, bytes: file.size });
  let { offset, complete } = known ? await begun(id) : { offset: 0, complete: false };
  for (let failures = 0; !complete; ) {
    onProgress(offset);
    try {
      const sent = await sendPiece(id, file, offset, signal);
      if (sent.offset > offset) failures = 0;
      ({ offset, complete } = sent);
    } catch (error) {
      if (signal.aborted || !passes(error) || ++failures > RETRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** failures));
      ({ offset, complete } = await begun(id).catch(() => ({ offset, complete })));
    }
  }
  onProgress(file.size);
  remember(key, undefined);
  return id;
}

async function begun(id: string): Promise<{ offset: number; complete: boolean }> {
  try {
    return await answer(api.GET('/api/uploads/{id}', { params: { path: { id } } }));
  } catch (error) {
    if (error instanceof Problem && error.body.status === 404) return { offset: 0, complete: false };
    throw error;
  }
}

async function sendPiece(id: string, file: File, offset: number, signal: AbortSignal): Promise<Upload> {
  const response = await fetch(`${root}/api/uploads/${id}`, {
    method: 'PUT',
    headers: {
      'content-type': 'application/octet-stream',
      'upload-length': String(file.size),
      'upload-offset': String(offset),
    },
    body: file.slice(offset, offset + PIECE),
    signal,
  });
  const body = await response.json().catch(() => undefined);
  if (!response.ok) throw Problem.of(response.status, body);
  return body as Upload;
}

/** Whether trying again may help: connections break, servers restart, and limits of a moment pass. */
function passes(error: unknown): boolean {
  if (!(error instanceof Problem)) return error instanceof TypeError;
  return [408, 409, 429, 502, 503, 504].includes(error.body.status ?? 0);
}
