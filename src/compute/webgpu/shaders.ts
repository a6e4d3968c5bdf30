import absorbKeys from '../../../shaders/absorb-keys.wgsl?raw';
import absorbValues from '../../../shaders/absorb-values.wgsl?raw';
import attention from '../../../shaders/attention.wgsl?raw';
import attentionWorkgroup from '../../../shaders/attention-workgroup.wgsl?raw';
import causalAttention from '../../../shaders/causal-attention.wgsl?raw';
import finish from '../../../shaders/finish.wgsl?raw';
import fwht from '../../../shaders/fwht.wgsl?raw';
import fwhtWorkgroup from '../../../shaders/fwht-workgroup.wgsl?raw';
import gate from '../../../shaders/gate.wgsl?raw';
import gatedUnit from '../../../shaders/gated-unit.wgsl?raw';
import gatherRows from '../../../shaders/gather-rows.wgsl?raw';
import layerNorm from '../../../shaders/layer-norm.wgsl?raw';
import layerNormSubgroup from '../../../shaders/layer-norm-subgroup.wgsl?raw';
import layerNormWorkgroup from '../../../shaders/layer-norm-workgroup.wgsl?raw';
import matmul64x64 from '../../../shaders/matmul-64x64.wgsl?raw';
import matmul128x64 from '../../../shaders/matmul-128x64.wgsl?raw';
import matmulDirect from '../../../shaders/matmul-direct.wgsl?raw';
import matmulNarrow from '../../../shaders/matmul-narrow.wgsl?raw';
import rmsNorm from '../../../shaders/rms-norm.wgsl?raw';
import rmsNormWorkgroup from '../../../shaders/rms-norm-workgroup.wgsl?raw';
import rotateHeads from '../../../shaders/rotate-heads.wgsl?raw';
import activation from '../../../shaders/shared/activation.wgsl?raw';
import sharedAttention from '../../../shaders/shared/attention.wgsl?raw';
import butterflies from '../../../shaders/shared/butterflies.wgsl?raw';
import half from '../../../shaders/shared/half.wgsl?raw';
import sharedLanes from '../../../shaders/shared/lanes.wgsl?raw';
import sharedLayerNorm from '../../../shaders/shared/layer-norm.wgsl?raw';
import sharedMatmul from '../../../shaders/shared/matmul.wgsl?raw';
import sharedRmsNorm from '../../../shaders/shared/rms-norm.wgsl?raw';
import step from '../../../shaders/shared/step.wgsl?raw';
import sharedTokenScores from '../../../shaders/shared/token-scores.wgsl?raw';
import weightBf16 from '../../../shaders/shared/weight-bf16.wgsl?raw';
import weightF16 from '../../../shaders/shared/weight-f16.wgsl?raw';
import weightF32 from '../../../shaders/shared/weight-f32.wgsl?raw';
import weightQ4 from '../../../shaders/shared/weight-q4.wgsl?raw';
import weightQ8 from '../../../shaders/shared/weight-q8.wgsl?raw';
import tokenScores from '../../../shaders/token-scores.wgsl?raw';
import tokenScoresWorkgroup from '../../../shaders/token-scores-workgroup.wgsl?raw';
import { WebspexError } from '../../core/errors.ts';
import type { Step } from '../program.ts';
import type { Dtype } from './storage.ts';

/** How products are tiled: `direct` and `narrow` without barriers, for software adapters; the others through workgroup memory, by rows and columns. */
export const TILINGS = ['direct', 'narrow', '64x64', '128x64'] as const;
export type Tiling = (typeof TILINGS)[number];

const SNIPPETS: Readonly<Record<string, string>> = {
  'shared/step.wgsl': step,
  'shared/activation.wgsl': activation,
  'shared/attention.wgsl': sharedAttention,
  'shared/butterflies.wgsl': butterflies,
  'shared/half.wgsl': half,
  'shared/lanes.wgsl': sharedLanes,
  'shared/layer-norm.wgsl': sharedLayerNorm,
  'shared/matmul.wgsl': sharedMatmul,
  'shared/rms-norm.wgsl': sharedRmsNorm,
  'shared/token-scores.wgsl': sharedTokenScores,
  'shared/weight-f32.wgsl': weightF32,
  'shared/weight-f16.wgsl': weightF16,
  'shared/weight-bf16.wgsl': weightBf16,
  'shared/weight-q8.wgsl': weightQ8,
  'shared/weight-q4.wgsl': weightQ4,
};

/** A shader and the workgroups it needs in x and y for a step over this many rows. */
export interface Shader {
  readonly stem: string;
  readonly source: string;
  readonly groups: (step: Step, rows: number) => readonly [number, number];
}

/** Rows an invocation each, 64 to a workgroup. */
const byRow: Shader['groups'] = (_, rows) => [Math.ceil(rows / 64), 1];
/** Four rows by four of so many columns an invocation, 64 to a workgroup. */
const byFours =
  (columns: (step: Step) => number): Shader['groups'] =>
  (step, rows) => [Math.ceil(columns(step) / 256), Math.ceil(rows / 4)];
/** Workgroups of so many rows by 64 columns. */
const byTile =
  (height: number): Shader['groups'] =>
  ({ params }, rows) => [Math.ceil(params.columns / 64), Math.ceil(rows / height)];

const PRODUCTS: Readonly<Record<Tiling, Shader>> = {
  direct: { stem: 'matmul-direct', source: matmulDirect, groups: byTile(64) },
  narrow: { stem: 'matmul-narrow', source: matmulNarrow, groups: byTile(4) },
  '64x64': { stem: 'matmul-64x64', source: matmul64x64, groups: byTile(64) },
  '128x64': { stem: 'matmul-128x64', source: matmul128x64, groups: byTile(128) },
};

/** By what owns a row. */
const NORMS: Readonly<Record<'invocation' | 'workgroup' | 'subgroup', Shader>> = {
  invocation: { stem: 'layer-norm', source: layerNorm, groups: byRow },
  workgroup: { stem: 'layer-norm-workgroup', source: layerNormWorkgroup, groups: (_, rows) => [rows, 1] },
  subgroup: { stem: 'layer-norm-subgroup', source: layerNormSubgroup, groups: (_, rows) => [rows, 1] },
};

/** By what owns the numbers that a number depends on. */
const TRANSFORMS: Readonly<Record<'invocation' | 'workgroup', Shader>> = {
  invocation: { stem: 'fwht', source: fwht, groups: (step, rows) => [Math.ceil((rows * step.params.columns) / (64 * ownedBy(step))), 1] },
  workgroup: {
    stem: 'fwht-workgroup',
    source: fwhtWorkgroup,
    groups: ({ params }, rows) => [Math.ceil((rows * params.columns) / 4096), 1],
  },
};

const ROOT_NORMS: Readonly<Record<'invocation' | 'workgroup', Shader>> = {
  invocation: { stem: 'rms-norm', source: rmsNorm, groups: byRow },
  workgroup: { stem: 'rms-norm-workgroup', source: rmsNormWorkgroup, groups: (_, rows) => [rows, 1] },
};

const TOKEN_SCORES: Readonly<Record<'invocation' | 'workgroup', Shader>> = {
  invocation: { stem: 'token-scores', source: tokenScores, groups: byRow },
  workgroup: { stem: 'token-scores-workgroup', source: tokenScoresWorkgroup, groups: (_, rows) => [rows, 1] },
};

/** By what owns the keys that rows have in common. */
const ATTENTIONS: Readonly<Record<'invocation' | 'workgroup', Shader>> = {
  invocation: { stem: 'attention', source: attention, groups: attentionGroups },
  workgroup: { stem: 'attention-workgroup', source: attentionWorkgroup, groups: attentionGroups },
};

/** Rows of one sequence each have no keys in common; a query of wider heads does not fit into registers. */
function attentionOwner({ rows, constants }: Step, tiling: Tiling): 'invocation' | 'workgroup' {
  return rows === 'sequences' || constants.HEAD_WIDTH > 64 ? 'invocation' : ownerOf(tiling);
}

/** Numbers of an invocation: 16 vectors at least, else those of a block, or of four columns of it. */
function ownedBy({ constants }: Step): number {
  return constants.STRIDED ? 4 * 2 ** constants.STAGES : 2 ** Math.max(6, constants.STAGES);
}

/** What decides between shaders of one kernel, and how numbers lie in memory. */
export interface ShaderChoice {
  readonly tiling: Tiling;
  readonly dtype: Dtype;
  /** Whether the device has subgroups and they are to be used. */
  readonly subgroups: boolean;
}

/** The shader behind a step's kernel. */
export function shaderOf(step: Step, { tiling, subgroups }: ShaderChoice): Shader {
  switch (step.kernel) {
    case 'layer-norm':
      return subgroups ? NORMS.subgroup : NORMS[ownerOf(tiling)];
    case 'gather-rows':
      return { stem: 'gather-rows', source: gatherRows, groups: ({ params }, rows) => [Math.ceil(params.columns / 256), rows] };
    case 'matmul':
      return PRODUCTS[tiling];
    case 'gate':
      return { stem: 'gate', source: gate, groups: ({ params }, rows) => [Math.ceil(params.columns / 256), rows] };
    case 'attention':
      return ATTENTIONS[attentionOwner(step, tiling)];
    case 'absorb-keys':
      return {
        stem: 'absorb-keys',
        source: absorbKeys,
        groups: byFours(({ constants: c, params }) => (params.columns / c.HEAD_WIDTH) * c.K),
      };
    case 'absorb-values':
      return { stem: 'absorb-values', source: absorbValues, groups: byFours(({ params }) => params.columns) };
    case 'causal-attention':
      return { stem: 'causal-attention', source: causalAttention, groups: attentionGroups };
    case 'rms-norm':
      return ROOT_NORMS[ownerOf(tiling)];
    case 'rotate-heads':
      return { stem: 'rotate-heads', source: rotateHeads, groups: ({ params }, rows) => [Math.ceil(rows / 64), params.heads] };
    case 'gated-unit':
      return { stem: 'gated-unit', source: gatedUnit, groups: ({ params }, rows) => [Math.ceil(params.columns / 256), rows] };
    case 'token-scores':
      return TOKEN_SCORES[ownerOf(tiling)];
    case 'finish':
      return { stem: 'finish', source: finish, groups: byRow };
    case 'fwht':
      return TRANSFORMS[ownerOf(tiling)];
  }
}

/** Where barriers are cheap, a workgroup owns what belongs together. */
function ownerOf(tiling: Tiling): 'invocation' | 'workgroup' {
  return tiling === 'direct' || tiling === 'narrow' ? 'invocation' : 'workgroup';
}

/** 64 query rows in x, every head and slab of 64 value columns in y. */
function attentionGroups({ constants }: Step, rows: number): readonly [number, number] {
  return [Math.ceil(rows / 64), constants.HEADS * Math.ceil(constants.HEAD_WIDTH / 64)];
}

/**
 * WGSL with its `#import PATH` lines replaced by the shared snippets, each once, behind what its storage enables and names.
 * @throws self-check for an unknown path.
 */
export function assemble(source: string, storage = ''): string {
  return withImports(storage + source, new Set());
}

function withImports(source: string, included: Set<string>): string {
  return source.replace(/^#import (\S+)$/gm, (_, path: string) => {
    if (included.has(path)) return '';
    included.add(path);
    const snippet = SNIPPETS[path];
    if (snippet === undefined) throw new WebspexError('self-check', `shader: expected a snippet ${path}, got none; please report it`);
    return withImports(snippet, included);
  });
}
