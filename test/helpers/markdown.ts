/** The commands and examples that the documents show. */
import { readFileSync } from 'node:fs';

/** The lines of all fenced blocks in `language`, continuation lines joined, comments left out. */
export function commandsIn(file: string, language = 'bash'): string[] {
  return blocksIn(file, language)
    .flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'))
    .map((line) => line.trim().replaceAll(/\s+/g, ' '))
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** The content of all fenced blocks in `language`, in order. */
export function blocksIn(file: string, language: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/```(\w+)\n([\s\S]*?)```/g)]
    .filter(([, name]) => name === language)
    .map(([, , body = '']) => body);
}
