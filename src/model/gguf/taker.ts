import { WebspexError } from '../../core/errors.ts';
import type { StoredMatrix } from '../causal/stored.ts';
import { checkedTable } from '../tensor-matrix.ts';
import { checkedRows, type GgufTensor } from './blocks.ts';
import { PACKED_TYPES } from './levels.ts';
import type { GgufModelTensor } from './model.ts';

/**
 * Hands out the tensors of a file, checked, as float32 or as they are stored; `finish` complains about what nobody took, those of
 * `elsewhere` apart. `what` names the architecture.
 */
export function ggufTaker(file: string, tensors: ReadonlyMap<string, GgufModelTensor>, what: string) {
  const taken = new Set<string>();
  const refuse = (why: string): never => {
    throw new WebspexError('bad-file', `${file}: ${why}; use another file of the model`);
  };
  const find = (name: string, shape: readonly number[]) => {
    const tensor = tensors.get(name) ?? refuse(`expected tensor ${name}, got none`);
    if (tensor.shape.join() !== shape.join()) refuse(`expected ${name} of shape [${shape.join(', ')}], got [${tensor.shape.join(', ')}]`);
    taken.add(name);
    return tensor;
  };
  const matrixOf = (name: string, stored: GgufTensor, rows: number, columns: number): StoredMatrix => ({
    ...{ rows, columns, type: PACKED_TYPES[stored.type] },
    ...checkedRows(name, stored),
  });
  return {
    has: (name: string) => tensors.has(name),
    take: (name: string, shape: readonly number[]) => find(name, shape).read(),
    typeOf: (name: string) => PACKED_TYPES[tensors.get(name)?.stored.type ?? 'F32'],
    /** What is stored inputs first elsewhere lies here turned: an output to a row. */
    matrix: (name: string, rows: number, columns: number, inputsFirst = false) =>
      matrixOf(name, find(name, inputsFirst ? [columns, rows] : [rows, columns]).stored, rows, columns),
    /** A matrix that has been read once, in memory of its own. */
    table(name: string, rows: number, columns: number): StoredMatrix {
      const { stored } = find(name, [rows, columns]);
      return checkedTable(matrixOf(name, { ...stored, bytes: new Uint8Array(stored.bytes) }, rows, columns));
    },
    finish(elsewhere: readonly string[] = []): void {
      const left = [...tensors.keys()].filter((name) => !taken.has(name) && !elsewhere.includes(name));
      if (left.length > 0) refuse(`expected no other tensors than a ${what}'s, got ${left.slice(0, 3).join(', ')}`);
    },
  };
}
