/** The commands and examples that the documents show. */
import { readFileSync } from 'node:fs';

/** The lines of all fenced blocks in `language`, continuation lines joined, comments left out. */
export function commandsIn(file: string, language = 'bash'): string[] {
  return commandsOf(readFileSync(file, 'utf8'), language);
}

/** As `commandsIn`, for a part of a document. */
export function commandsOf(text: string, language = 'bash'): string[] {
  return blocksOf(text, language)
    .flatMap((block) => block.replaceAll('\\\n', ' ').split('\n'))
    .map((line) => line.trim().replaceAll(/\s+/g, ' '))
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** The content of all fenced blocks in `language`, in order. */
export function blocksIn(file: string, language: string): string[] {
  return blocksOf(readFileSync(file, 'utf8'), language);
}

/** As `blocksIn`, for a part of a document. */
export function blocksOf(text: string, language: string): string[] {
  return [...text.matchAll(/```(\w+)\n([\s\S]*?)```/g)]
    .filter(([, name]) => name === language)
    .map(([, , body = '']) => body);
}
