module.exports = {
  begin(context, events, done) { context.vars.word = 'begun'; return done(); },
  end(context, events, done) { events.emit('counter', 'ended', 1); return done(); },
  async step(context, events) { events.emit('histogram', 'own.time', 12); events.emit('rate', 'own.rate'); },
  sign(request, context, events, done) { request.headers = { ...request.headers, 'x-signed': 'yes' }; return done(); },
  look(request, response, context, events, done) { events.emit('counter', `seen.${response.statusCode}`, 1); return done(); },
  change(request, context, events, done) { request.json = { a: 2, word: context.vars.word }; return done(); },
  keep(request, response, context, events, done) { context.vars.kept = JSON.parse(response.body).id; return done(); },
  fewer(context, next) { return next(context.vars.$loopCount < 3); },
  allowed(vars) { return vars.word === 'begun'; },
  forbidden() { return false; },
};
