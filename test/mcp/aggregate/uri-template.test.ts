/** Which URIs a template stands for, and that hostile ones take no time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Effort, matchesTemplate } from '../../../src/mcp/aggregate/uri-template.ts';

const matches = (uri: string, template: string): boolean => matchesTemplate(uri, template, { left: 100_000 });

test('a URI matches the template that it can be made of', () => {
  for (const [uri, template] of [
    ['file:///a.txt', 'file:///a.txt'],
    ['file:///a.txt', 'file:///{name}'],
    ['file:///a/b.txt', 'file:///{+path}'],
    ['file:///a/b.txt', 'file:///{dir}/{name}.txt'],
    ['repo://o/r/issues/7', 'repo://{owner}/{repo}/issues/{number}'],
    ['x://a/b/c', 'x://a{/rest}'],
    ['x://a?q=1&r=2', 'x://a{?q,r}'],
    ['x://a', 'x://a{?q,r}'],
    ['x://a?z=1&q=1', 'x://a?z=1{&q}'],
    ['x://a#part', 'x://a{#part}'],
    ['x://aaab', 'x://{x}ab'],
    ['x://a.tar.gz', 'x://a{.x,y}'],
  ] as const) {
    assert.ok(matches(uri, template), `${uri} ${template}`);
  }
});

test('a URI does not match a template that it cannot be made of', () => {
  for (const [uri, template] of [
    ['file:///a/b.txt', 'file:///{name}'],
    ['file:///a.txt?x', 'file:///{name}'],
    ['file:///a.txt', 'file:///{name}.md'],
    ['file:///a', 'other:///{name}'],
    ['x://abc', 'x://a{?q}'],
    ['x://a', 'x://{broken'],
    ['x://aa', 'x://a'],
    ['x://a', 'x://aa'],
    ['', '{a}b'],
  ] as const) {
    assert.ok(!matches(uri, template), `${uri} ${template}`);
  }
});

test('a hostile template costs no more than it may', () => {
  const bomb = '{a}'.repeat(1_300);
  const effort: Effort = { left: 100_000 };
  assert.equal(matchesTemplate(`${'a'.repeat(4_000)}/`, bomb, effort), false);
  assert.ok(effort.left <= 0 && effort.left > -50_000);
  assert.equal(matchesTemplate('x://a', 'x://{b}', effort), false, 'nothing is left for another');
  const literals: Effort = { left: 100_000 };
  matchesTemplate('a'.repeat(4_000), `{+x}${'a'.repeat(3_000)}`, literals);
  assert.ok(literals.left <= 0);
  assert.equal(matches('x'.repeat(5_000), '{+all}'), false, 'too long');
});
