"""RFC 6265, as far as a virtual user needs it."""

import pytest

from loadkit.protocols.address import Origin
from loadkit.protocols.cookies import CookieJar, CookieRules

HTTP, HTTPS = Origin("http", "shop.example.com", 80), Origin("https", "shop.example.com", 443)


def sent(header: str, origin: Origin = HTTP, path: str = "/", *, stored_at: str = "/a/b", by: Origin = HTTP) -> str:
    jar = CookieJar()
    jar.store(by, stored_at, header)
    return jar.header(origin, path)


@pytest.mark.parametrize(
    ("header", "origin", "path", "expected"),
    [
        ("a=1; Path=/", HTTP, "/x?q=1", "a=1"),
        ("a=1", HTTP, "/a/c", "a=1"),  # the default path is the directory of the request
        ("a=1", HTTP, "/b", ""),
        ("a=1; Path=/x", HTTP, "/xy", ""),
        ("a=1; Path=/x", HTTP, "/x/y", "a=1"),
        ("a=1; Path=/; Secure", HTTP, "/", ""),
        ("a=1; Path=/; Secure", HTTPS, "/", "a=1"),
        ("a=1; Path=/; Domain=example.com", Origin("http", "www.example.com", 80), "/", "a=1"),
        ("a=1; Path=/", Origin("http", "www.shop.example.com", 80), "/", ""),
        ("a=1; Path=/; Domain=other.com", HTTP, "/", ""),
        ("a=1; Path=/; Max-Age=0", HTTP, "/", ""),
        ("a=1; Path=/; Max-Age=60", HTTP, "/", "a=1"),
        ("a=1; Path=/; Expires=Wed, 21 Oct 2015 07:28:00 GMT", HTTP, "/", ""),
        ("a=1; Path=/; Expires=Fri, 01-Jan-2100 00:00:00 GMT", HTTP, "/", "a=1"),
        ('a="x=y"; Path=/', HTTP, "/", 'a="x=y"'),
        ("nothing", HTTP, "/", ""),
        ("=1", HTTP, "/", ""),
    ],
)
def test_a_cookie_is_sent_where_it_belongs(header: str, origin: Origin, path: str, expected: str) -> None:
    assert sent(header, origin, path) == expected


def test_cookies_of_an_address_are_kept() -> None:
    local = Origin("http", "127.0.0.1", 80)
    assert sent("a=1; Path=/", local, "/", by=local) == "a=1"


def test_a_cookie_replaces_its_namesake_and_max_age_0_removes_it() -> None:
    jar = CookieJar()
    for value in ("1", "2"):
        jar.store(HTTP, "/", f"a={value}; Path=/")
    assert jar.header(HTTP, "/") == "a=2"
    jar.store(HTTP, "/", "a=; Path=/; Max-Age=0")
    assert (jar.header(HTTP, "/"), len(jar)) == ("", 0)


def test_a_jar_is_bounded() -> None:
    jar = CookieJar()
    for number in range(1000):
        jar.store(HTTP, "/", f"c{number}=1; Path=/")
    assert len(jar) == 200


@pytest.mark.parametrize(
    ("header", "rules", "taken", "kept"),
    [
        ("bar; Path=/", CookieRules(), False, ""),
        ("bar; Path=/", CookieRules(loose=True), True, "bar"),
        ("=bar; Path=/", CookieRules(loose=True), True, "bar"),
        ("; Path=/", CookieRules(loose=True), False, ""),
        ("a=1; Path=/; Domain=com", CookieRules(), False, ""),
        ("a=1; Path=/; Domain=com", CookieRules(reject_public_suffixes=False), True, "a=1"),
        ("__Secure-a=1; Path=/", CookieRules(), True, ""),
        ("__Secure-a=1; Path=/", CookieRules(prefixes="strict"), False, ""),
        ("__Secure-a=1; Path=/", CookieRules(prefixes="unsafe-disabled"), True, "__Secure-a=1"),
        ("__Secure-a=1; Path=/; Secure", CookieRules(prefixes="strict"), True, "__Secure-a=1"),
        ("__Host-a=1; Path=/; Secure", CookieRules(prefixes="strict"), True, "__Host-a=1"),
        ("__Host-a=1; Path=/x; Secure", CookieRules(prefixes="strict"), False, ""),
        ("__Host-a=1; Path=/; Secure; Domain=example.com", CookieRules(prefixes="strict"), False, ""),
        ("__other=1; Path=/", CookieRules(prefixes="strict"), True, "__other=1"),
    ],
)
def test_a_jar_goes_by_its_rules(header: str, rules: CookieRules, taken: bool, kept: str) -> None:
    shop = Origin("https", "shop.com" if "Domain=com" in header else "shop.example.com", 443)
    jar = CookieJar(rules)
    assert jar.store(shop, "/", header) is taken
    assert jar.header(shop, "/") == kept


@pytest.mark.parametrize("allowed", [True, False])
def test_cookies_of_special_use_domains_may_be_refused(allowed: bool) -> None:
    local = Origin("http", "api.shop.test", 80)
    jar = CookieJar(CookieRules(allow_special_use=allowed))
    assert jar.store(local, "/", "a=1; Path=/; Domain=shop.test") is allowed
    assert jar.store(local, "/", "b=1; Path=/")
