/** States that can be gone back to and forward again. */
export interface History<T> {
  past: readonly T[];
  present: T;
  future: readonly T[];
  /** What is being done at the moment, in many small changes that count as one. */
  gesture: string | undefined;
}

/** Changes that are remembered. */
const MOST = 500;

/** A history that begins now. */
export function beginning<T>(present: T): History<T> {
  return { past: [], present, future: [], gesture: undefined };
}

/** A change; those of the same gesture, as a slider that is drawn, are undone at once. */
export function changed<T>(history: History<T>, present: T, gesture?: string): History<T> {
  if (present === history.present) return history;
  const goesOn = gesture !== undefined && gesture === history.gesture;
  const past = goesOn ? history.past : [...history.past, history.present].slice(-MOST);
  return { past, present, future: [], gesture };
}

/** The gesture is over. */
export function sealed<T>(history: History<T>): History<T> {
  return history.gesture === undefined ? history : { ...history, gesture: undefined };
}

/** One step back; stays at the beginning. */
export function undone<T>({ past, present, future, ...rest }: History<T>): History<T> {
  if (past.length === 0) return { past, present, future, ...rest };
  return { past: past.slice(0, -1), present: past[past.length - 1], future: [present, ...future], gesture: undefined };
}

/** One step forward again; stays at the end. */
export function redone<T>({ past, present, future, ...rest }: History<T>): History<T> {
  if (future.length === 0) return { past, present, future, ...rest };
  return { past: [...past, present], present: future[0], future: future.slice(1), gesture: undefined };
}
