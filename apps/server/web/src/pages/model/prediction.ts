import { useEffect, useRef, useState } from 'preact/hooks';
import { answer, api } from '../../api/client.js';
import { Problem } from '../../api/problem.js';
import type { Prediction, PredictionRequest } from '../../api/types.js';

/** What a request is predicted to give: the newest that is known, whether a newer one is on its way, and why it is not. */
export interface Predicted {
  prediction: Prediction | undefined;
  problem: Problem | undefined;
  busy: boolean;
}

/** Requests of a slider that moves are sent this many milliseconds after its last move. */
const PAUSE = 90;

/** Asks the server what a target costs, again whenever the target changes. Answers that came too late are dropped. */
export function usePrediction(model: string, request: PredictionRequest | undefined): Predicted {
  const [predicted, setPredicted] = useState<Predicted>({ prediction: undefined, problem: undefined, busy: false });
  const turn = useRef(0);
  const key = JSON.stringify(request);
  useEffect(() => {
    const own = ++turn.current;
    if (!request) return setPredicted({ prediction: undefined, problem: undefined, busy: false });
    setPredicted((last) => ({ ...last, busy: true }));
    const abort = new AbortController();
    const timer = setTimeout(() => {
      const asked = api.POST('/api/models/{id}/predictions', {
        params: { path: { id: model } },
        body: request,
        signal: abort.signal,
      });
      answer(asked).then(
        (prediction) => own === turn.current && setPredicted({ prediction, problem: undefined, busy: false }),
        (error) =>
          own === turn.current &&
          setPredicted((last) => ({ prediction: last.prediction, problem: Problem.from(error), busy: false })),
      );
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [model, key]);
  return predicted;
}
