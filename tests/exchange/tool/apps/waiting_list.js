// A restaurant's waiting list, written from Twilio's documentation with what Node itself brings.
// It checks every signature, keeps callers in a queue, and calls a guest back through the REST API.
'use strict';
const crypto = require('node:crypto');
const http = require('node:http');

const { TWILIO_ACCOUNT_SID: account, TWILIO_AUTH_TOKEN: token, API_URL: api } = process.env;
const restaurant = '+12025550120';

function isSigned(home, request, form) {
  const text = home + request.url + [...form.keys()].sort().map((name) => name + form.get(name)).join('');
  const mine = crypto.createHmac('sha1', token).update(text, 'utf8').digest('base64');
  return mine === request.headers['x-twilio-signature'];
}

function callBack(home, to) {
  const form = new URLSearchParams({
    To: to,
    From: restaurant,
    Url: `${home}/table`,
    StatusCallback: `${home}/status`,
    StatusCallbackEvent: 'completed',
  });
  return fetch(`${api}/2010-04-01/Accounts/${account}/Calls.json`, {
    method: 'POST',
    headers: { Authorization: `Basic ${Buffer.from(`${account}:${token}`).toString('base64')}` },
    body: form,
  }).then((answer) => answer.json());
}

const answers = {
  '/voice': () =>
    '<Gather input="dtmf speech" numDigits="1" action="/people"><Say>For how many people?</Say></Gather>',
  '/people': (form) => {
    const people = form.get('SpeechResult') || form.get('Digits');
    if (people === '9') return '<Redirect>/voice</Redirect>';
    return `<Say>A table for ${people}.</Say><Enqueue waitUrl="/wait" action="/left">tables</Enqueue>`;
  },
  '/wait': (form) => `<Say>You are number ${form.get('QueuePosition')}.</Say><Pause length="20"/>`,
  '/left': (form) => `<Say>Your table is ready: ${form.get('QueueResult')}.</Say>`,
  '/host': () => '<Dial><Queue url="/ready">tables</Queue></Dial>',
  '/ready': () => '<Say>The host is coming.</Say>',
  '/table': () => '<Gather numDigits="1" action="/yes"><Say>Your table is free. Press 1.</Say></Gather>',
  '/yes': () => '<Say>See you soon.</Say>',
  '/status': () => '',
};

const server = http.createServer((request, response) => {
  let body = '';
  request.on('data', (part) => (body += part));
  request.on('end', async () => {
    const home = `http://127.0.0.1:${server.address().port}`;
    if (request.url === '/own/call-back') {
      const told = await callBack(home, JSON.parse(body).to);
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(told));
      return;
    }
    const form = new URLSearchParams(body);
    const answer = answers[request.url];
    const status = !isSigned(home, request, form) ? 403 : answer ? 200 : 404;
    response.writeHead(status, { 'Content-Type': 'text/xml' });
    response.end(status === 200 ? `<Response>${answer(form)}</Response>` : 'no');
  });
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
