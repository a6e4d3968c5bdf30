import { describe, expect, it } from 'vitest';
import { readArguments } from '../src/arguments.ts';

const rowsOf = (...args: string[]) => readArguments(args).plans.flatMap((plan) => plan.rows.map((row) => row.id));

describe('the arguments of a benchmark run', () => {
  it('choose rows by how their names begin, and all of them where none is named', () => {
    expect(rowsOf('C2', '--in', 'node')).toEqual(['C2-padded', 'C2-sorted']);
    expect(rowsOf('c1-384x')).toEqual(['C1-384×384×384-relaxed', 'C1-384×384×384-plain']);
    expect(new Set(rowsOf('--in', 'node'))).toContain('C5');
  });

  it.each([
    [['C2', '--in', 'node-swiftshader'], /place that has C2, one of node, chromium, got node-swiftshader/],
    [['C1', 'W1', '--in', 'node,chromium'], /place that has W1, one of node-swiftshader, got node, chromium/],
    [['W4', '--in', 'node'], /place that has W4, one of node-swiftshader, node-lavapipe, chromium-swiftshader, got node/],
    [['C4', '--in', 'chromium'], /place that has C4, one of node, got chromium/],
  ])('%j are refused, as the place has no such row, and say which has', (args, message) => {
    expect(() => readArguments(args)).toThrow(message);
  });

  it.each([
    [['X9'], /row: expected the beginning of C1-/],
    [['C1', '--in', 'moon'], /--in: expected node, chromium, .*got moon/],
    [['C1', '--rounds', '0'], /--rounds: expected a whole number from 1, got 0/],
    [['C3', '--causal', 'nowhere.gguf'], /--causal: expected a GGUF file, got nowhere.gguf/],
  ])('%j are refused by what is wrong with them', (args, message) => {
    expect(() => readArguments(args)).toThrow(message);
  });
});
