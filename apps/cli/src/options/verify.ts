import { Option } from 'commander';

/** `--no-verify`, of every command that writes pruned models. */
export function noVerifyOption(): Option {
  return new Option(
    '--no-verify',
    'do not run the result to prove that it equals the original with the removed units at zero',
  );
}
