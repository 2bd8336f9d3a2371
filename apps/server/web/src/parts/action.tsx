import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { Problem } from '../api/problem.js';
import { ProblemNote } from './states.js';

/** Work that a button starts: whether it is under way, and why it failed. */
export function useAction<A extends unknown[]>(work: (...input: A) => Promise<void>) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const run = async (...input: A) => {
    setBusy(true);
    setProblem(undefined);
    try {
      await work(...input);
    } catch (error) {
      setProblem(Problem.from(error));
    } finally {
      setBusy(false);
    }
  };
  return { busy, problem, run, note: problem && <ProblemNote problem={problem} /> };
}

interface ConfirmProps {
  /** On the button. */
  children: ComponentChildren;
  /** What is asked before it happens. */
  question: string;
  onConfirm: () => Promise<void>;
}

/** A button for what cannot be undone: asks first, in its own place. */
export function Confirm({ children, question, onConfirm }: ConfirmProps) {
  const [asking, setAsking] = useState(false);
  const { busy, run, note } = useAction(onConfirm);
  if (!asking)
    return (
      <button type="button" class="plain danger" onClick={() => setAsking(true)}>
        {children}
      </button>
    );
  return (
    <fieldset class="stack" aria-label={question}>
      <p class="row small">
        {question}
        <button type="button" class="danger" disabled={busy} onClick={() => run()}>
          {children}
        </button>
        <button type="button" onClick={() => setAsking(false)}>
          Keep
        </button>
      </p>
      {note}
    </fieldset>
  );
}
