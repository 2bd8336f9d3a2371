import type { AttentionOperatorName } from './attentionOperators.js';
import type { AttentionSizes } from './attentionSizes.js';
import type { CacheName } from './caches.js';
import type { CoreName } from './cores.js';
import type { HeadRepeatName } from './headRepeats.js';
import type { LinearAttentionName } from './linearAttentions.js';
import type { LinearName } from './linears.js';
import type { MaskName } from './masks.js';
import type { NormName } from './norms.js';
import type { ProjectionName } from './projections.js';
import type { RotaryName } from './rotaries.js';
import type { ScaleName } from './scales.js';
import type { SoftmaxName } from './softmaxes.js';
import type { WindowName } from './windows.js';

/** An attention: its sizes, and how each piece is written. */
export interface AttentionSpec extends AttentionSizes {
  readonly bias: boolean;
  readonly projection: ProjectionName;
  readonly linear: LinearName;
  readonly output: LinearName | 'einsum-heads';
  readonly core: CoreName | AttentionOperatorName | LinearAttentionName;
  readonly scale: ScaleName;
  readonly softmax: SoftmaxName;
  readonly mask: MaskName;
  readonly repeat: HeadRepeatName;
  readonly rotary: RotaryName;
  /** Norm of queries and keys per head. */
  readonly headNorm: NormName;
  /** Norm of queries and keys over the neurons of all heads. */
  readonly wholeNorm: NormName;
  /** A learned factor of each head's scores. */
  readonly temperature: boolean;
  /** Mixes the scores across heads. */
  readonly talking: boolean;
  /** Keys and values come from elsewhere. */
  readonly cross: boolean;
  /** Keys and values of earlier tokens. */
  readonly cache: CacheName;
  /** Tokens look at those of their window alone. */
  readonly window: WindowName;
}
