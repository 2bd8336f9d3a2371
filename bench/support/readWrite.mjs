// `node readWrite.mjs MODEL OUT`: reads a model and writes it; prints the peak of its memory in bytes.
import { readModel, writeModel } from '@snp/onnx/node';

const [model, out] = process.argv.slice(2);
await writeModel(await readModel(model), out);
process.stdout.write(String(process.resourceUsage().maxRSS * 1024));
