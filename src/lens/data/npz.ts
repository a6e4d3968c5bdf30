import { unzipSync } from 'fflate';
import { fromHalf } from '../../compute/half.ts';
import { WebspexError } from '../../core/errors.ts';

/** An array of numbers as numpy saves it, row-major. */
export interface NumpyArray {
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
}

/** Bytes that the arrays of one file may have once unpacked. */
const MOST_BYTES = 2 ** 30;

type Reader = (view: DataView, at: number) => number;

/** Numbers by their numpy name, little-endian: size in bytes, and how one is read. */
const TYPES: Readonly<Record<string, readonly [number, Reader]>> = {
  '|b1': [1, (v, at) => (v.getUint8(at) === 0 ? 0 : 1)],
  '|u1': [1, (v, at) => v.getUint8(at)],
  '|i1': [1, (v, at) => v.getInt8(at)],
  '<u2': [2, (v, at) => v.getUint16(at, true)],
  '<i2': [2, (v, at) => v.getInt16(at, true)],
  '<u4': [4, (v, at) => v.getUint32(at, true)],
  '<i4': [4, (v, at) => v.getInt32(at, true)],
  '<i8': [8, (v, at) => Number(v.getBigInt64(at, true))],
  '<u8': [8, (v, at) => Number(v.getBigUint64(at, true))],
  '<f2': [2, (v, at) => fromHalf(v.getUint16(at, true))],
  '<f4': [4, (v, at) => v.getFloat32(at, true)],
  '<f8': [8, (v, at) => v.getFloat64(at, true)],
};

/** The arrays of an .npz file by name. @throws bad-file naming the array. */
export function readNpz(bytes: Uint8Array, file: string): Map<string, NumpyArray> {
  let total = 0;
  let entries: Record<string, Uint8Array>;
  try {
    entries = unzipSync(bytes, {
      filter: ({ name, originalSize }) => {
        total += originalSize;
        return name.endsWith('.npy') && total <= MOST_BYTES;
      },
    });
  } catch (cause) {
    throw new WebspexError('bad-file', `${file}: expected a zip of numpy arrays, got one that does not unpack; save it with numpy.savez`, {
      cause,
    });
  }
  if (total > MOST_BYTES)
    throw new WebspexError('bad-file', `${file}: expected at most ${MOST_BYTES} bytes once unpacked, got ${total}; save fewer rows`);
  return new Map(Object.entries(entries).map(([name, npy]) => [name.slice(0, -4), readNpy(npy, `${file}, ${name}`)]));
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** One array in numpy's own format (NEP 1), versions 1 to 3. @throws bad-file. */
export function readNpy(bytes: Uint8Array, where: string): NumpyArray {
  const refuse = (what: string): never => {
    throw new WebspexError('bad-file', `${where}: ${what}; save it with numpy.save or numpy.savez`);
  };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || MAGIC.some((b, i) => bytes[i] !== b)) refuse('expected a numpy array, got something else');
  const wide = bytes[6] >= 2;
  const from = wide ? 12 : 10;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (from + length > bytes.length) refuse(`expected a header of ${length} bytes, got ${bytes.length - from}`);
  const header = new TextDecoder('latin1').decode(bytes.subarray(from, from + length));
  const descr = /'descr':\s*'([^']*)'/.exec(header)?.[1] ?? 'records';
  const shape = (/'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1] ?? '')
    .split(',')
    .filter((s) => s.trim() !== '')
    .map(Number);
  if (/'fortran_order':\s*True/.test(header)) refuse('expected rows in C order, got Fortran order');
  const type = Object.hasOwn(TYPES, descr) ? TYPES[descr] : null;
  if (!type) return refuse(`expected numbers or booleans (${Object.keys(TYPES).join(' ')}), got ${descr}`);
  const [size, read] = type;
  const count = shape.reduce((product, s) => product * s, 1);
  const data = bytes.length - from - length;
  if (count * size !== data) refuse(`expected ${count * size} bytes for shape (${shape.join(', ')}) of ${descr}, got ${data}`);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = read(view, from + length + i * size);
  return { shape, values };
}
