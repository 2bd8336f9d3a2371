export { AGENT_DEFAULTS, type Agent, type AgentOptions, startAgent } from './agent/agent.js';
export { AGENT_CLIENT_DEFAULTS, AgentClient, type AgentClientOptions } from './agent/agentClient.js';
export {
  type AgentInfo,
  type AgentJob,
  type AgentJobState,
  agentInfoSchema,
  agentJobSchema,
  agentJobStateSchema,
} from './agent/protocol.js';
export { type RemoteTargetOptions, remoteTarget } from './agent/remoteTarget.js';
export { joinServer, type ServerAgent, type ServerAgentOptions } from './agent/serverAgent.js';
export {
  type CommandTargetOptions,
  commandTarget,
  commandTargetSchema,
  KNOWN_COMMANDS,
  readCommandTarget,
} from './command/commandTarget.js';
export { designPlans } from './latency/designPlans.js';
export type { Padding } from './latency/features.js';
export { type LatencyOptions, latencyOn, profileWidths } from './latency/latencyOn.js';
export { type FittedLatency, fitLatency, type LatencyTable, latencyTableSchema } from './latency/latencyTable.js';
export { nonNegativeLeastSquares } from './latency/nonNegative.js';
export { readLatencyTable } from './latency/readLatencyTable.js';
export { type LatencyCurve, latencyCurves, renderLatency } from './latency/renderLatency.js';
export { localTargets, targetByName } from './localTargets.js';
export { measure } from './measure/measure.js';
export { type OnnxRuntimeTargetOptions, onnxRuntimeTarget } from './onnxruntime/onnxRuntimeTarget.js';
export {
  type OperatorProfile,
  PROFILE_RUNS,
  type ProfileOperatorsOptions,
  profileOperators,
} from './operators/profileOperators.js';
export { renderOperators } from './operators/renderOperators.js';
export { PROTOCOLS, type Protocol, type ProtocolName, protocolOf, type Statistic } from './protocol/protocol.js';
export { type ResolveTargetOptions, resolveTarget } from './resolveTarget.js';
export {
  COMPARE_TOLERANCE,
  type CompareResultsOptions,
  compareResults,
  type ModelChange,
  type ResultComparison,
} from './result/compareResults.js';
export { resultCsv, resultMarkdown } from './result/exportResult.js';
export { readResult, resultJsonSchema } from './result/readResult.js';
export { renderBench } from './result/renderBench.js';
export { type BenchResult, benchResultSchema, type MeasuredModel, type ModelResult } from './result/schema.js';
export { CONFIDENCE, type SpeedUp, speedUp } from './statistics/speedUp.js';
export { type Summary, summarize } from './statistics/summary.js';
export { feedsFor } from './target/feeds.js';
export type {
  BenchJob,
  BenchModel,
  BenchProgress,
  InputSizes,
  ModelFootprint,
  OpenedModel,
  Probe,
  Target,
} from './target/target.js';
export { type WebTargetOptions, webTarget } from './web/webTarget.js';
