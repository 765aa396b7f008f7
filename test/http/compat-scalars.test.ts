/** How mcpo reads strings, numbers and booleans: what a tool gets, or which fault the caller. */
import { after, before, describe, it } from 'node:test';
import type { RunningApp } from '../helpers/app.ts';
import { checkRows, type Row, startCases } from '../helpers/mcpo-cases-app.ts';

/** As mcpo 0.0.20 answered them. */
const ROWS: readonly Row[] = [
  ['scalars', { i: '5' }, { i: 5 }],
  ['scalars', { i: '5.0' }, { i: 5 }],
  ['scalars', { i: '5.5' }, ['int_parsing i']],
  ['scalars', { i: ' 5 ' }, { i: 5 }],
  ['scalars', { i: '' }, ['int_parsing i']],
  ['scalars', { i: 'abc' }, ['int_parsing i']],
  ['scalars', { i: '1_000' }, { i: 1000 }],
  ['scalars', { i: '1e2' }, ['int_parsing i']],
  ['scalars', { i: '0x10' }, ['int_parsing i']],
  ['scalars', { i: '+5' }, { i: 5 }],
  ['scalars', { i: '-0' }, { i: 0 }],
  ['scalars', { i: '5.' }, ['int_parsing i']],
  ['scalars', { i: 5 }, { i: 5 }],
  ['scalars', { i: 5.5 }, ['int_from_float i']],
  ['scalars', { i: -1 }, { i: -1 }],
  ['scalars', { i: 1000 }, { i: 1000 }],
  ['scalars', { i: true }, { i: 1 }],
  ['scalars', { i: false }, { i: 0 }],
  ['scalars', { i: null }, ['int_type i']],
  ['scalars', { i: [] }, ['int_type i']],
  ['scalars', { i: {} }, ['int_type i']],
  ['scalars', { i: '٥' }, ['int_parsing i']],
  ['scalars', { n: '5' }, { n: 5 }],
  ['scalars', { n: '1e2' }, { n: 100 }],
  ['scalars', { n: '.5' }, { n: 0.5 }],
  ['scalars', { n: '5.' }, { n: 5 }],
  ['scalars', { n: '1_0' }, { n: 10 }],
  ['scalars', { n: '' }, ['float_parsing n']],
  ['scalars', { n: ' 2.5 ' }, { n: 2.5 }],
  ['scalars', { n: 'abc' }, ['float_parsing n']],
  ['scalars', { n: 5 }, { n: 5 }],
  ['scalars', { n: 5.5 }, { n: 5.5 }],
  ['scalars', { n: true }, { n: 1 }],
  ['scalars', { n: false }, { n: 0 }],
  ['scalars', { n: null }, ['float_type n']],
  ['scalars', { n: [] }, ['float_type n']],
  ['scalars', { n: {} }, ['float_type n']],
  ['scalars', { b: 'yes' }, { b: true }],
  ['scalars', { b: 'no' }, { b: false }],
  ['scalars', { b: 'on' }, { b: true }],
  ['scalars', { b: 'off' }, { b: false }],
  ['scalars', { b: 't' }, { b: true }],
  ['scalars', { b: 'f' }, { b: false }],
  ['scalars', { b: 'y' }, { b: true }],
  ['scalars', { b: 'n' }, { b: false }],
  ['scalars', { b: '1' }, { b: true }],
  ['scalars', { b: '0' }, { b: false }],
  ['scalars', { b: 'TRUE' }, { b: true }],
  ['scalars', { b: 'True' }, { b: true }],
  ['scalars', { b: 'maybe' }, ['bool_parsing b']],
  ['scalars', { b: '' }, ['bool_parsing b']],
  ['scalars', { b: ' yes ' }, ['bool_parsing b']],
  ['scalars', { b: 1 }, { b: true }],
  ['scalars', { b: 0 }, { b: false }],
  ['scalars', { b: 2 }, ['bool_parsing b']],
  ['scalars', { b: -1 }, ['bool_parsing b']],
  ['scalars', { b: 0.5 }, ['bool_type b']],
  ['scalars', { b: true }, { b: true }],
  ['scalars', { b: false }, { b: false }],
  ['scalars', { b: null }, ['bool_type b']],
  ['scalars', { b: [] }, ['bool_type b']],
  ['scalars', { b: {} }, ['bool_type b']],
  ['scalars', { s: 'x' }, { s: 'x' }],
  ['scalars', { s: '' }, { s: '' }],
  ['scalars', { s: 5 }, ['string_type s']],
  ['scalars', { s: 5.5 }, ['string_type s']],
  ['scalars', { s: true }, ['string_type s']],
  ['scalars', { s: null }, ['string_type s']],
  ['scalars', { s: [] }, ['string_type s']],
  ['scalars', { s: {} }, ['string_type s']],
  ['scalars', { s: ['a'] }, ['string_type s']],
  ['scalars', '{"i":1.0}', { i: 1 }],
  ['scalars', '{"i":1,"i":2}', { i: 2 }],
  ['scalars', {}, {}],
  [
    'scalars',
    { i: 'x', n: 'y', b: 'z', s: 1 },
    ['int_parsing i', 'float_parsing n', 'bool_parsing b', 'string_type s'],
  ],
];

describe('scalars as mcpo reads them', () => {
  let app: RunningApp;
  before(async () => {
    app = await startCases(['calls']);
  });
  after(() => app.close());

  for (const tool of new Set(ROWS.map(([name]) => name))) {
    it(tool, () =>
      checkRows(
        app,
        ROWS.filter(([name]) => name === tool),
      ),
    );
  }
});
