import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Problem } from '../api/problem.js';
import type { Resource } from '../api/resource.js';

/** Something is being fetched; says so only where it takes a moment. */
export function Loading({ what = 'Loading' }: { what?: string }) {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 250);
    return () => clearTimeout(timer);
  }, []);
  return (
    <p class="loading" role="status">
      {late ? `${what} …` : ''}
    </p>
  );
}

/** What went wrong, where, and what to do. */
export function ProblemNote({ problem, retry }: { problem: Problem; retry?: (() => void) | undefined }) {
  const { place, fields, code, requestId } = problem.body;
  const where = Object.entries(place ?? {}).filter(([, value]) => value);
  return (
    <div class="note failure" role="alert">
      <h3>{problem.title}</h3>
      <p class="wrap">{problem.detail}</p>
      {(where.length > 0 || (fields ?? []).length > 0) && (
        <dl class="facts">
          {where.map(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name}-value`}>{value}</dd>])}
          {fields?.map(({ path, message }) => [<dt key={path}>{path}</dt>, <dd key={`${path}-message`}>{message}</dd>])}
        </dl>
      )}
      {code && (
        <p class="small quiet">
          {code}
          {requestId && <>, request {requestId}</>}
        </p>
      )}
      {retry && (
        <button type="button" class="plain" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Nothing is there yet, and how to change that. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

interface AwaitProps<T> {
  of: Resource<T>;
  what?: string;
  children: (data: T) => ComponentChildren;
}

/** What was fetched, or that it is on its way, or why it did not come. */
export function Await<T>({ of: { data, problem, reload }, what, children }: AwaitProps<T>) {
  return (
    <>
      {problem && <ProblemNote problem={problem} retry={reload} />}
      {data === undefined ? !problem && <Loading {...(what && { what })} /> : children(data)}
    </>
  );
}
