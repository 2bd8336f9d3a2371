import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
}

export interface Option<V extends string> {
  value: V;
  label: string;
  disabled?: boolean;
}

/** One of a few. */
export function Choices<V extends string>({
  label,
  hint,
  options,
  value,
  onChange,
}: FieldProps & { options: readonly Option<V>[]; value: V; onChange: (value: V) => void }) {
  const name = useId();
  return (
    <fieldset class="field">
      <legend>{label}</legend>
      <div class="choices">
        {options.map((option) => (
          <label key={option.value}>
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              disabled={option.disabled}
              onChange={() => onChange(option.value)}
            />
            {option.label}
          </label>
        ))}
      </div>
      {hint && <p class="hint">{hint}</p>}
    </fieldset>
  );
}

/** One of many. */
export function Select({
  label,
  hint,
  options,
  value,
  onChange,
}: FieldProps & { options: readonly Option<string>[]; value: string; onChange: (value: string) => void }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value} disabled={option.disabled}>
            {option.label}
          </option>
        ))}
      </select>
      {hint && <p class="hint">{hint}</p>}
    </div>
  );
}

interface SliderProps extends FieldProps {
  value: number;
  min: number;
  max: number;
  step?: number;
  unit?: string;
  onChange: (value: number) => void;
}

/** A number that can be drawn or typed. */
export function Slider({ label, hint, value, min, max, step = 1, unit, onChange }: SliderProps) {
  const id = useId();
  const set = (text: string) => {
    const number = Number(text);
    if (text.trim() !== '' && Number.isFinite(number)) onChange(Math.min(max, Math.max(min, number)));
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <div class="sliding">
        <input
          type="range"
          id={id}
          {...{ min, max, step, value }}
          aria-valuetext={`${value} ${unit ?? ''}`.trim()}
          onInput={(event) => set(event.currentTarget.value)}
        />
        <input
          type="number"
          aria-label={`${label}, as a number`}
          {...{ min, max, step, value }}
          onChange={(event) => set(event.currentTarget.value)}
        />
        <span class="small quiet">{unit}</span>
      </div>
      {hint && <p class="hint">{hint}</p>}
    </div>
  );
}

/** A line of text or a number. */
export function Text({
  label,
  hint,
  value,
  type = 'text',
  onChange,
  ...rest
}: FieldProps & {
  value: string;
  type?: 'text' | 'number' | 'password' | 'search';
  placeholder?: string;
  min?: number;
  required?: boolean;
  autoComplete?: string;
  onChange: (value: string) => void;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type={type as 'text'}
        value={value}
        onInput={(event) => onChange(event.currentTarget.value)}
        {...rest}
      />
      {hint && <p class="hint">{hint}</p>}
    </div>
  );
}

/** Yes or no. */
export function Check({ label, value, onChange }: FieldProps & { value: boolean; onChange: (value: boolean) => void }) {
  return (
    <label class="check">
      <input type="checkbox" checked={value} onChange={(event) => onChange(event.currentTarget.checked)} />
      {label}
    </label>
  );
}
