import type { CausalModel, Model } from '../../model/model.ts';
import type { BenchContext, Row } from '../harness.ts';
import { rounded } from '../harness.ts';
import { gameHeads, readStored } from './frozen.ts';
import { type Game, type GameHead, packGame } from './game.ts';
import { gatherGame } from './gather.ts';
import { PLANTED_NAMES, plantedGame } from './planted.ts';

type Write = NonNullable<BenchContext['writeGame']>;

/** One game a line. */
const json = (heads: readonly GameHead[]) => new TextEncoder().encode(`[\n${heads.map((head) => JSON.stringify(head)).join(',\n')}\n]\n`);

const withGroups = ({ head, spex }: Game): GameHead => ({ ...head, ...(spex ? { groups: spex.plan.groups.map((g) => [...g]) } : {}) });

/**
 * Asks the models anew at the masks of the stored games and writes all games, planted ones too, where the peers' script finds them; games of models
 * that are not here, and tables, are written as they are stored. One row for each game that was asked anew.
 */
export async function gatherAll(context: BenchContext, write: Write): Promise<Row[]> {
  const { families = [], report } = context;
  const wanted = ({ family }: GameHead) => families.length === 0 || families.includes(family);
  const heads: GameHead[] = [];
  const rows: Row[] = [];
  const models = openModels(context);
  try {
    for (const stored of (await gameHeads(context)).filter(wanted)) {
      const model = await models.of(stored);
      const used = context.cpuSeconds();
      const game = model
        ? await gatherGame(stored, model, (done, of) => report(`masks-needed: ${stored.name}, ${done} of ${of} masks`))
        : await readStored(context, stored);
      await write(`${stored.name}.bin`, packGame(game));
      heads.push(withGroups(game));
      if (model) rows.push(gatheredRow(game, model, context, context.cpuSeconds() - used));
      else report(`masks-needed: ${stored.name} stays as it is stored`);
    }
  } finally {
    models.close();
  }
  const planted = PLANTED_NAMES.map(plantedGame).filter(({ head }) => wanted(head));
  for (const game of planted) await write(`${game.head.name}.bin`, packGame(game));
  await write('games.json', json(heads));
  await write('planted.json', json(planted.map(withGroups)));
  report('masks-needed: now the peers: python bench/masks-needed/peers.py DIR, then webspex bench masks-needed --games DIR');
  return rows;
}

/** One model at a time: the embedded one, or the causal one where it was named. */
function openModels(context: BenchContext) {
  let open: { readonly kind: string; readonly model: Model | CausalModel } | null = null;
  const close = () => {
    open?.model.destroy();
    open = null;
  };
  return {
    close,
    async of({ family }: GameHead): Promise<Model | CausalModel | null> {
      const kind = family === 'minilm' ? 'embedded' : family.startsWith('smollm2') ? 'causal' : 'none';
      if (open?.kind === kind) return open.model;
      if (kind === 'none' || (kind === 'causal' && !context.loadCausal)) return null;
      close();
      const model =
        kind === 'embedded'
          ? await context.backends[0].load()
          : await (context.loadCausal as NonNullable<BenchContext['loadCausal']>)('wasm');
      open = { kind, model };
      return model;
    },
  };
}

function gatheredRow({ head, spex }: Game, { device, info }: Model | CausalModel, { commit }: BenchContext, seconds: number): Row {
  const masks = head.fit + head.fresh + (head.more ?? 0) + (spex?.masks.count ?? 0);
  return {
    id: `gather-${head.name}`,
    title: `${masks} masks of ${head.n} ${head.spans ? 'spans' : 'words'}`,
    ours: rounded(seconds),
    peer: null,
    ratio: null,
    unit: 'cpu-s',
    peerName: null,
    equal: null,
    adapter: device.adapter,
    commit,
    details: { model: info.id, sha256: info.sha256 },
  };
}
