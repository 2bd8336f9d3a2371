import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { Problem } from './problem.js';

/** Something that is fetched: its newest value stays while it is fetched again. */
export interface Resource<T> {
  data: T | undefined;
  problem: Problem | undefined;
  reload: () => void;
  set: (data: T) => void;
}

/** Fetches whatever `load` fetches, again whenever one of `keys` changes. A later answer is never overwritten by an earlier one. */
export function useResource<T>(load: () => Promise<T>, keys: readonly unknown[]): Resource<T> {
  const [state, setState] = useState<{ data?: T; problem?: Problem; of: string }>({ of: '' });
  const turn = useRef(0);
  const key = JSON.stringify(keys);
  const reload = useCallback(() => {
    const own = ++turn.current;
    load().then(
      (data) => own === turn.current && setState({ data, of: key }),
      (error) => own === turn.current && setState((last) => ({ ...last, of: key, problem: Problem.from(error) })),
    );
    // `load` is a new function on every rendering; the key says when it means something else.
  }, [key]);
  const set = useCallback((data: T) => setState({ data, of: key }), [key]);
  useEffect(() => {
    reload();
    return () => {
      turn.current++;
    };
  }, [reload]);
  const own = state.of === key;
  return { data: own ? state.data : undefined, problem: own ? state.problem : undefined, reload, set };
}
