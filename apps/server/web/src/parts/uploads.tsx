import { signal } from '@preact/signals';
import { bytes, percent } from '@snp/pages';
import { Problem } from '../api/problem.js';
import { forgetUnfinished, unfinishedUploads, uploadFile } from '../api/upload.js';
import { ProblemNote } from './states.js';

/** Something on its way to the server: one file, or several that belong together. */
interface Sending {
  key: number;
  name: string;
  bytes: number;
  sent: number;
  step: string;
  problem?: Problem;
  again: () => void;
  stop: () => void;
}

/** What is on its way; pages come and go meanwhile. */
const sendings = signal<readonly Sending[]>([]);
let next = 1;

function update(key: number, change: Partial<Sending>): void {
  sendings.value = sendings.value.map((one) => (one.key === key ? { ...one, ...change } : one));
}

/** Sends what it is handed, and shows how far it is. */
export interface Sender {
  /** Uploads a file and gives the id of the upload. */
  send: (file: File) => Promise<string>;
  /** Says what is done now. */
  step: (text: string) => void;
}

/** Begins to send files and to make something of them. A failure stays to be seen, and to be tried again from where it broke off. */
export function startSending(name: string, size: number, work: (sender: Sender) => Promise<void>): void {
  const key = next++;
  let abort = new AbortController();
  const run = async () => {
    abort = new AbortController();
    update(key, { problem: undefined, step: 'Sending', sent: 0 });
    let before = 0;
    try {
      await work({
        send: async (file) => {
          const id = await uploadFile(file, {
            signal: abort.signal,
            onProgress: (sent) => update(key, { sent: before + sent }),
          });
          before += file.size;
          return id;
        },
        step: (step) => update(key, { step }),
      });
      remove(key);
    } catch (error) {
      if (!abort.signal.aborted) update(key, { problem: Problem.from(error) });
    }
  };
  const stop = () => {
    abort.abort();
    remove(key);
  };
  sendings.value = [...sendings.value, { key, name, bytes: size, sent: 0, step: 'Sending', again: run, stop }];
  void run();
}

function remove(key: number): void {
  sendings.value = sendings.value.filter((one) => one.key !== key);
}

/** What is on its way, and what was begun and can go on. */
export function Uploads() {
  const open = unfinishedUploads().filter(({ name }) => !sendings.value.some((one) => one.name === name));
  return (
    <div class="stack" aria-live="polite">
      {sendings.value.map((one) => (
        <section class="card stack" key={one.key} aria-label={`Upload of ${one.name}`}>
          <div class="row between">
            <span class="wrap">
              {one.step} <b>{one.name}</b>
            </span>
            <span class="number small">
              {percent(one.sent, one.bytes)} of {bytes(one.bytes)}
            </span>
          </div>
          <progress value={one.bytes ? one.sent / one.bytes : 1} max={1} aria-label={`${one.name}, sent`} />
          {one.problem && <ProblemNote problem={one.problem} retry={one.again} />}
          <div>
            <button type="button" class="plain" onClick={one.stop}>
              Stop
            </button>
          </div>
        </section>
      ))}
      {open.length > 0 && (
        <p class="note row">
          <span>
            Not complete: {open.map(({ name, bytes: size }) => `${name} (${bytes(size)})`).join(', ')}. Choose the same
            file again, and its upload goes on where it broke off.
          </span>
          <button
            type="button"
            class="plain"
            onClick={() => {
              forgetUnfinished();
              sendings.value = [...sendings.value];
            }}
          >
            Forget
          </button>
        </p>
      )}
    </div>
  );
}
