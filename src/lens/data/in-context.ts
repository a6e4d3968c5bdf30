import { WebspexError } from '../../core/errors.ts';
import type { Example } from '../examples.ts';
import type { Span } from '../text/units.ts';

/** How an example is written in a prompt where nobody says otherwise. */
export const DEFAULT_TEMPLATE = 'Text: {text}\nLabel: {label}\n\n';

/** A prompt of examples and a question, and where the examples stand in it. */
export interface FewShotPrompt {
  readonly prompt: string;
  readonly spans: readonly Span[];
}

/**
 * Writes each example by the template, one behind the other, and behind them the question up to where its label would stand.
 * @throws usage for a template without {text} and, after it, {label}.
 */
export function fewShotPrompt(examples: readonly Example[], question: string, template = DEFAULT_TEMPLATE): FewShotPrompt {
  const parts = /^(.*?)\{text\}(.*?)\{label\}(.*)$/s.exec(template);
  if (!parts)
    throw new WebspexError(
      'usage',
      `template: expected {text} and after it {label}, got ${JSON.stringify(template)}; write one such as ${JSON.stringify(DEFAULT_TEMPLATE)}`,
    );
  const [, before, between, after] = parts;
  let prompt = '';
  const spans = examples.map(({ text, label }): Span => {
    const start = prompt.length;
    prompt += `${before}${text}${between}${label}${after}`;
    return [start, prompt.length];
  });
  // A label brings the blank before it, as words of a text do.
  return { prompt: `${prompt}${before}${question}${between.replace(/ +$/, '')}`, spans };
}
