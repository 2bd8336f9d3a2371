import { expect, it } from 'vitest';
import * as node from '../src/node.js';
import * as standIns from '../src/nodeInBrowser.js';

it('a browser finds every name of Node, and hears what to use instead', () => {
  expect(Object.keys(standIns).sort()).toEqual(Object.keys(node).sort());
  expect(() => standIns.readModel('vit.onnx')).toThrow(/readModel needs Node.*decodeModel/);
  expect(() => standIns.openFile('stats')).toThrow(expect.objectContaining({ code: 'unsupported' }));
  expect(() => standIns.removeUnfinished()).not.toThrow();
});
