import { useState } from 'preact/hooks';
import { Choices } from '../../parts/fields.js';
import { href } from '../../route.js';
import type { ResultPoint } from './resultPoint.js';
import { ScatterPlot, type ScatterPoint } from './scatterPlot.js';

type Axis = 'macs' | 'params' | 'latency';

const LABELS: Record<Axis, string> = {
  macs: 'MACs, of the original',
  params: 'Parameters, of the original',
  latency: 'Latency, of the original',
};

/** All results of a model: what they cost against how often they answer as the original does. */
export function ParetoPlot({ points }: { points: readonly ResultPoint[] }) {
  const [axis, setAxis] = useState<Axis>('macs');
  const shown = points.flatMap((point): ScatterPoint[] => {
    const { model, name, agreement } = point;
    const x = point[axis];
    if (x === undefined || agreement === undefined) return [];
    const hint = `${name}: ${percent(agreement)} same top answer at ${percent(x)} of the ${axis === 'macs' ? 'MACs' : axis}`;
    return [{ key: model, x, y: agreement, hint, href: href('models', model) }];
  });
  const left = points.length - shown.length;
  return (
    <figure class="card stack">
      <div class="row between">
        <figcaption>
          <b>Agreement over cost</b> <span>the line joins those that no other beats in both</span>
        </figcaption>
        <Choices
          label="Cost"
          value={axis}
          onChange={setAxis}
          options={[
            { value: 'macs', label: 'MACs' },
            { value: 'params', label: 'Parameters' },
            { value: 'latency', label: 'Latency' },
          ]}
        />
      </div>
      {shown.length > 0 ? (
        <ScatterPlot title="Results" points={shown} xLabel={LABELS[axis]} yLabel="Same top answer" />
      ) : (
        <p class="quiet">
          {axis === 'latency'
            ? 'No result was measured on a device together with the original yet.'
            : 'No result was compared with the original on inputs: prune with a data set.'}
        </p>
      )}
      {shown.length > 0 && left > 0 && (
        <p class="small quiet">
          {left} more without {axis === 'latency' ? 'a measurement or ' : ''}a comparison.
        </p>
      )}
    </figure>
  );
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
