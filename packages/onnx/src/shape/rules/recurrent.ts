import type { Dim } from '../dim.js';
import type { OutputFacts } from '../facts.js';
import type { OperatorCall } from '../operatorCall.js';
import type { ShapeRules } from '../shapeRule.js';

/** Recurrent layers over x [S,B,E], or [B,S,E] with layout 1. Outputs: all steps, last hidden state, last cell state. */
export const recurrentRules: ShapeRules = { LSTM: recurrentRule, GRU: recurrentRule, RNN: recurrentRule };

function recurrentRule(call: OperatorCall): OutputFacts[] {
  const type = call.type(0);
  const directions = call.node.string('direction') === 'bidirectional' ? 2 : 1;
  const hidden = call.node.int('hidden_size') ?? call.dim(2, 2);
  const batchFirst = call.node.int('layout', 0) !== 0;
  const [length, batch] = batchFirst ? [call.dim(0, 1), call.dim(0, 0)] : [call.dim(0, 0), call.dim(0, 1)];
  const all: (Dim | undefined)[] = batchFirst
    ? [batch, length, directions, hidden]
    : [length, directions, batch, hidden];
  const last = batchFirst ? [batch, directions, hidden] : [directions, batch, hidden];
  return [
    { type, shape: all },
    { type, shape: last },
    { type, shape: last },
  ];
}
