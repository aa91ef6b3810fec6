module.exports = { mark: (context, events, done) => { events.emit('counter', 'marked', 1); done(); } };
