import type { Target } from '../target/target.js';
import type { AgentInfo } from './protocol.js';

/** What each target is, or why it is not there. */
export async function probeAll(targets: readonly Target[]): Promise<AgentInfo['targets']> {
  const found: AgentInfo['targets'] = [];
  for (const target of targets)
    found.push({ name: target.name, description: target.description, ...(await target.probe()) });
  return found;
}
