import { WebspexError } from '../core/errors.ts';
import { COMPONENT_LENSES } from '../lens/components/players.ts';
import type { Question } from './prepare.ts';

type Option = keyof Question;

/** What each kind of lens may be asked besides what all may: pieces of a text, parts of a model, training examples. */
const OPTIONS = {
  text: ['units', 'lock', 'mask', 'chat', 'wordPrior'],
  components: ['layers', 'ablation', 'rescale', 'reference', 'examples', 'chat'],
  data: ['train', 'l2', 'retrain', 'examples', 'template'],
} as const satisfies Readonly<Record<string, readonly Option[]>>;

type Kind = keyof typeof OPTIONS;

/** All that makes one question another; not its signal, nor what a run is told besides. */
export const QUESTION_OPTIONS: readonly Option[] = ['lens', 'target', 'scalar', ...Object.values(OPTIONS).flat()];

/** What of a question its explanation only counts, or leaves out. */
export function unseenOptions({ examples, train, l2, reference, rescale }: Question): Readonly<Record<string, unknown>> {
  return { examples, train, l2, reference, rescale };
}

function kindOf(lens: string): Kind {
  return lens === 'text' || lens === 'data' ? lens : 'components';
}

/** @throws usage naming an option that is of another lens than the one asked for. */
export function refuseStrayOptions(question: Question): void {
  const { lens = 'text' } = question;
  const own: readonly Option[] = OPTIONS[kindOf(lens)];
  for (const kind of Object.keys(OPTIONS) as Kind[])
    for (const option of OPTIONS[kind])
      if (!own.includes(option) && question[option] !== undefined) throw stray(option, kind, lens, question);
}

function stray(option: Option, owner: Kind, lens: string, { mask }: Question): WebspexError {
  if (owner === 'components')
    return usage(`${option}: expected a lens of ${COMPONENT_LENSES.join(', ')}, got ${lens}; name one, or leave it out`);
  if (owner === 'data') return usage(`${option}: expected lens data, got another; name it, or leave ${option} out`);
  const onParts = option === 'mask' && lens !== 'data';
  return usage(
    `${option}: expected none with lens ${lens}, got ${onParts ? `${mask}; say --ablation zero or mean` : 'some; leave it out'}`,
  );
}

function usage(message: string): WebspexError {
  return new WebspexError('usage', message);
}
