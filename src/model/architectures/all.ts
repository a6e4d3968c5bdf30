import type { Architecture } from './architecture.ts';
import { BERT } from './bert.ts';
import { DISTILBERT } from './distilbert.ts';
import { ELECTRA } from './electra.ts';
import { ROBERTA, XLM_ROBERTA } from './roberta.ts';

/** Every architecture there is; a config.json that names another is refused. */
export const ARCHITECTURES: readonly Architecture[] = [BERT, DISTILBERT, ELECTRA, ROBERTA, XLM_ROBERTA];
