import type { Analysis, Model } from '../../api/types.js';

/** What every tab of a model is given. */
export interface ModelTabProps {
  model: Model;
  analysis: Analysis;
}
