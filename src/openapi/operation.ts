/** One tool as one operation of a document, with the components it needs. */
import type { Budget } from '../schema/budget.ts';
import type { JsonSchema } from '../schema/json-schema.ts';
import { selfContained, selfContainedObject } from '../schema/self-contained.ts';
import type { DocumentedTool, Operation, ResponseObject } from './model.ts';
import { mcpoOperationId } from './names.ts';
import { pythonTitle } from './python-title.ts';
import { type Demands, failureReferences } from './shared.ts';
import { withTitles } from './titles.ts';

/** A tool with the names that its document has chosen for it. */
export interface NamedTool {
  readonly tool: DocumentedTool;
  readonly operationId: string;
  /** What its component names begin with. */
  readonly stem: string;
  readonly tag?: string;
}

/** The operation; its body is optional and always there, because clients send one for tools without arguments too. */
export function operationOf({ tool, operationId, stem, tag }: NamedTool, demands: Demands): Operation {
  const summary = pythonTitle(tool.name);
  return {
    ...(tag === undefined ? {} : { tags: [tag] }),
    summary,
    description: describe(tool, summary),
    operationId,
    requestBody: { required: false, content: { 'application/json': { schema: reference(`${stem}_form_model`) } } },
    responses: { '200': success(tool, stem), ...failureReferences(demands) },
    ...(demands.secured ? { security: [{ HTTPBearer: [] }] } : {}),
  };
}

/** The component schemas of a tool, by name, within a budget that they share. */
export function componentsOf({ tool, stem }: NamedTool, budget: Budget): [name: string, schema: JsonSchema][] {
  const form = { ...withTitles(selfContainedObject(tool.inputSchema, budget)), title: `${tool.name}_form_model` };
  const components: [string, JsonSchema][] = [[`${stem}_form_model`, form]];
  if (tool.outputSchema !== undefined) {
    const response = { ...withTitles(selfContained(tool.outputSchema, budget)), title: `${tool.name}_response_model` };
    components.push([`${stem}_response_model`, response]);
  }
  return components;
}

/** As mcpo: stripped and cut at a form feed; never empty, because clients show an empty one as it is. */
function describe(tool: DocumentedTool, summary: string): string {
  const [text = ''] = (tool.description ?? '').split('\f', 1);
  return text.trim() || tool.title?.trim() || summary;
}

/** mcpo answers with what the schema says or with anything else, and so says both. */
function success(tool: DocumentedTool, stem: string): ResponseObject {
  const title = pythonTitle(`response_${mcpoOperationId(tool.name)}`);
  const schema =
    tool.outputSchema === undefined ? { title } : { anyOf: [reference(`${stem}_response_model`), {}], title };
  return { description: 'Successful Response', content: { 'application/json': { schema } } };
}

function reference(component: string): { $ref: string } {
  return { $ref: `#/components/schemas/${component}` };
}
