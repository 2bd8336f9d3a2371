import type { About, Analysis, Device } from '../../api/types.js';
import { Choices, Select, Slider, Text } from '../../parts/fields.js';
import { kindName } from '../../parts/tags.js';
import { kindsOf, type TargetForm, type TargetMode } from './target.js';

interface TargetFieldsProps {
  form: TargetForm;
  onChange: (change: Partial<TargetForm>) => void;
  analysis: Analysis;
  about: About;
  devices: readonly Device[];
}

const MODES: readonly { value: TargetMode; label: string }[] = [
  { value: 'macs', label: 'MACs' },
  { value: 'params', label: 'Parameters' },
  { value: 'bytes', label: 'Weights' },
  { value: 'latency', label: 'Latency' },
  { value: 'ratios', label: 'Ratios' },
  { value: 'preset', label: 'Preset' },
];

const KEPT: Partial<Record<TargetMode, string>> = {
  macs: 'MACs that stay',
  params: 'Parameters that stay',
  bytes: 'Bytes of weights that stay',
};

/** How small a model is to become. */
export function TargetFields({ form, onChange, analysis, about, devices }: TargetFieldsProps) {
  const { mode, keep } = form;
  return (
    <>
      <Choices label="Budget" value={mode} onChange={(value) => onChange({ mode: value })} options={MODES} />
      {KEPT[mode] && (
        <Slider
          label={KEPT[mode]}
          unit="%"
          min={10}
          max={100}
          value={keep}
          onChange={(value) => onChange({ keep: value })}
        />
      )}
      {mode === 'ratios' &&
        kindsOf(analysis).map((kind) => (
          <Slider
            key={kind}
            label={`${kindName(kind)}, removed`}
            unit="%"
            min={0}
            max={90}
            value={form.ratios[kind] ?? 0}
            onChange={(value) => onChange({ ratios: { ...form.ratios, [kind]: value } })}
          />
        ))}
      {mode === 'preset' && (
        <Select
          label="Published architecture"
          value={form.preset}
          onChange={(preset) => onChange({ preset })}
          options={[{ value: '', label: 'Choose one' }, ...about.presets.map((name) => ({ value: name, label: name }))]}
          hint="Widths as a paper gives them; the model must have the widths that they start from."
        />
      )}
      {mode === 'latency' && <LatencyFields {...{ form, onChange, devices }} />}
    </>
  );
}

function LatencyFields({ form, onChange, devices }: Pick<TargetFieldsProps, 'form' | 'onChange' | 'devices'>) {
  const device = devices.find(({ id }) => id === form.device);
  if (devices.length === 0)
    return (
      <p class="note">
        Latency is measured on a device. None is known yet: start <code>snp agent</code> on one.
      </p>
    );
  return (
    <>
      <Select
        label="Device"
        value={form.device}
        onChange={(id) => onChange({ device: id })}
        options={[
          { value: '', label: 'Choose one' },
          ...devices.map(({ id, name, state }) => ({ value: id, label: `${name} (${state})` })),
        ]}
      />
      {device && (
        <Select
          label="Runtime"
          value={form.target}
          onChange={(target) => onChange({ target })}
          options={device.targets.map((one) => ({
            value: one.name,
            label: one.available ? one.name : `${one.name} (not there)`,
            disabled: !one.available,
          }))}
        />
      )}
      <Choices
        label="Limit"
        value={form.unit}
        onChange={(unit) => onChange({ unit })}
        options={[
          { value: 'share', label: 'Share of the original' },
          { value: 'ms', label: 'Milliseconds' },
        ]}
      />
      {form.unit === 'share' ? (
        <Slider
          label="Latency that stays"
          unit="%"
          min={10}
          max={100}
          value={form.latencyShare}
          onChange={(latencyShare) => onChange({ latencyShare })}
        />
      ) : (
        <Text
          label="Milliseconds per run"
          type="number"
          min={0}
          value={String(form.milliseconds)}
          onChange={(text) => Number(text) > 0 && onChange({ milliseconds: Number(text) })}
        />
      )}
      <p class="small quiet">
        The device measures some pruned forms first, then the result; widths are corrected until it keeps the limit.
      </p>
    </>
  );
}
