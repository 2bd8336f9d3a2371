import { Graph, Model } from '@snp/onnx';

/** The smallest model there is, to see whether a runtime runs any. */
export function tinyModel(): Model {
  const model = new Model(new Graph('tiny'));
  model.opsets.set('', 13);
  const { graph } = model;
  const type = { elementType: 'FLOAT', shape: [1] } as const;
  const x = graph.addValue('x');
  x.type = { ...type, shape: [1] };
  graph.inputs.push(x);
  const [y] = graph.addNode({ op: 'Relu', inputs: [x], outputs: ['y'] }).outputs;
  y!.type = { ...type, shape: [1] };
  graph.outputs.push(y!);
  return model;
}
