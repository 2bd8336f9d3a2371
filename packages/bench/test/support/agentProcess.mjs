// An agent in a process of its own: node agentProcess.mjs DATA TOKEN PORT QUOTA
import { onnxRuntimeTarget, startAgent } from '../../dist/index.js';

const [data, token, port, quota] = process.argv.slice(2);
const targets = [onnxRuntimeTarget(), onnxRuntimeTarget({ threads: 1 })];
const agent = await startAgent({ data, token, port: Number(port), quotaBytes: Number(quota), targets });
process.stdout.write(`${agent.url}\n`);
process.on('SIGTERM', () => agent.close().then(() => process.exit(0)));
