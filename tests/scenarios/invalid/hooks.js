// the hooks of lk230-javascript.yaml
module.exports = { setToken: setToken, addToBasket };
exports.logHeaders = function (requestParams, response, context, ee, next) { return next(); };
module.exports.isMember = async (vars) => vars.member;
function setToken(requestParams, context, ee, next) { return next(); }
function addToBasket(context, events, done) { return done(); }
