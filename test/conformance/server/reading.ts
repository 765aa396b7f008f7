/** Resources, prompts, completion and the level of logs of the conformance server. */
import { type McpServer, type PromptMessage, ResourceTemplate } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { PNG } from './content.ts';

const PLAIN = 'text/plain';
const JSON_TYPE = 'application/json';

export function addResources(server: McpServer): void {
  const texts = { 'static-text': 'This is the content of the static text resource.', 'watched-resource': 'Watched' };
  for (const [name, text] of Object.entries(texts)) {
    const uri = `test://${name}`;
    server.registerResource(name, uri, { title: name, description: 'A text', mimeType: PLAIN }, () => ({
      contents: [{ uri, mimeType: PLAIN, text }],
    }));
  }
  const binary = 'test://static-binary';
  server.registerResource('static-binary', binary, { description: 'An image', mimeType: 'image/png' }, () => ({
    contents: [{ uri: binary, mimeType: 'image/png', blob: PNG }],
  }));
  const template = new ResourceTemplate('test://template/{id}/data', { list: undefined });
  server.registerResource('template', template, { description: 'Any of many', mimeType: JSON_TYPE }, (uri, { id }) => ({
    contents: [{ uri: uri.href, mimeType: JSON_TYPE, text: JSON.stringify({ id, templateTest: true }) }],
  }));
}

function says(text: string): PromptMessage {
  return { role: 'user', content: { type: 'text', text } };
}

export function addPrompts(server: McpServer): void {
  server.registerPrompt('test_simple_prompt', { description: 'Has no arguments' }, () => ({
    messages: [says('This is a simple prompt for testing.')],
  }));
  const argsSchema = z.object({
    arg1: z.string().describe('First test argument'),
    arg2: z.string().describe('Second test argument'),
  });
  server.registerPrompt(
    'test_prompt_with_arguments',
    { description: 'Has two arguments', argsSchema },
    ({ arg1, arg2 }) => ({ messages: [says(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)] }),
  );
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    {
      description: 'Holds a resource',
      argsSchema: z.object({ resourceUri: z.string().describe('What to embed') }),
    },
    ({ resourceUri: uri }) => ({
      messages: [
        {
          role: 'user',
          content: { type: 'resource', resource: { uri, mimeType: PLAIN, text: 'Embedded resource content.' } },
        },
        says('Please process the embedded resource above.'),
      ],
    }),
  );
  server.registerPrompt('test_prompt_with_image', { description: 'Holds an image' }, () => ({
    messages: [
      { role: 'user', content: { type: 'image', data: PNG, mimeType: 'image/png' } },
      says('Please analyze the image above.'),
    ],
  }));
}

/** What the SDK leaves to us. */
export function addAnswers({ server }: McpServer): void {
  server.setRequestHandler('completion/complete', () => ({ completion: { values: [], total: 0, hasMore: false } }));
  server.setRequestHandler('logging/setLevel', () => ({}));
  server.setRequestHandler('resources/subscribe', () => ({}));
  server.setRequestHandler('resources/unsubscribe', () => ({}));
}
