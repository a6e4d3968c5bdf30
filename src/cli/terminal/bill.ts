import type { Bill } from '../../lens.ts';
import { wrap } from './columns.ts';
import { count } from './numbers.ts';

/** A bill as lines, with the caps that it would run into. */
export function billLines(bill: Bill, caps: { readonly maxRequests?: number; readonly maxTokens?: number }, width: number): string[] {
  const { players, masks, known, textsPerMask, requests, tokens } = bill;
  const lines = [
    'Nothing was sent. This run would take:',
    `masks     ${count(masks)} of ${count(players)} players${known > 0 ? `, ${count(known)} of them known from the log` : ''}`,
    `requests  ${count(requests.all)}: ${textsPerMask === 1 ? 'one' : `${count(textsPerMask)} texts`} for each mask, ${count(requests.asking)} to find out what the server can do`,
    `tokens    about ${count(tokens.about)}, ${tokens.template === undefined ? 'certainly' : `with a chat template of at most ${count(tokens.template)}`} no more than ${count(tokens.most)}`,
    ...(caps.maxRequests !== undefined && requests.all > caps.maxRequests
      ? [`! --max-requests ${count(caps.maxRequests)} would end it early`]
      : []),
    ...(caps.maxTokens !== undefined && tokens.about > caps.maxTokens
      ? [`! --max-tokens ${count(caps.maxTokens)} would probably end it early`]
      : []),
    'Requests that have to be tried again come on top.',
  ];
  return lines.flatMap((line) => wrap(line, width));
}
