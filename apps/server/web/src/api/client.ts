import createClient from 'openapi-fetch';
import type { paths } from '../../../openapi.js';
import { session } from '../session.js';
import { Problem } from './problem.js';
import { root } from './root.js';

/** The server's API, with the types of its OpenAPI document. */
export const api = createClient<paths>({ baseUrl: root });

interface Answered<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What a request was answered. Without a session (or with one that has ended) the page to sign in comes up. */
export async function answer<T>(request: Promise<Answered<T>>): Promise<T> {
  const { data, error, response } = await request.catch((cause) => {
    throw Problem.from(cause);
  });
  if (response.ok) return data as T;
  if (response.status === 401) session.value = null;
  throw Problem.of(response.status, error);
}

/** A file that a job made, in JSON. */
export async function readArtefact<T>(url: string): Promise<T> {
  const response = await fetch(root + url).catch((cause) => {
    throw Problem.from(cause);
  });
  if (!response.ok) throw Problem.of(response.status, await response.json().catch(() => undefined));
  return response.json() as Promise<T>;
}

/** A key that makes a request that is sent twice count once. */
export function once(): { 'idempotency-key': string } {
  return { 'idempotency-key': randomId() };
}

/** A random UUID, also where the page is not served over TLS. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
