import type { Command } from '../command.ts';
export const bench: Command = { name: 'bench', summary: '', synopsis: '', help: [], options: {}, run: async () => 0 };
