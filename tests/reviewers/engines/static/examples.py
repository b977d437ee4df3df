"""For every rule that we ask ruff for: code that it must flag, and like code that it must not.

The table is ours, not ruff's: it shows what a reader of a finding has done, and what to do instead.
"""

from __future__ import annotations

from typing import NamedTuple


class Example(NamedTuple):
    """One rule's code in two forms."""

    flagged: str
    clean: str


SECURITY: dict[str, Example] = {
    "S602": Example(
        "import subprocess\n\ndef ping(host):\n    subprocess.run(f'ping {host}', shell=True)\n",
        "import subprocess\n\ndef ping(host):\n    subprocess.run(['ping', '--', host])\n",
    ),
    "S604": Example(
        "def ping(runner, host):\n    runner.execute(host, shell=True)\n",
        "def ping(runner, host):\n    runner.execute([host])\n",
    ),
    "S605": Example(
        "import os\n\ndef ping(host):\n    os.system('ping ' + host)\n",
        "import os\n\ndef ping(host):\n    os.execv('/bin/ping', ['ping', '--', host])\n",
    ),
    "S609": Example(
        "import subprocess\n\nsubprocess.Popen('chmod 777 *', shell=True)\n",
        "import subprocess\n\nsubprocess.Popen(['chmod', '0644', 'notes.txt'])\n",
    ),
    "S601": Example(
        "import paramiko\n\ndef run(command):\n    paramiko.exec_command(command)\n",
        "import paramiko\n\ndef connect(host):\n    paramiko.SSHClient().connect(host)\n",
    ),
    "S608": Example(
        "def find(db, name):\n    return db.execute('SELECT * FROM users WHERE name = ' + name)\n",
        "def find(db, name):\n"
        "    return db.execute('SELECT * FROM users WHERE name = ?', (name,))\n",
    ),
    "S611": Example(
        "from django.db.models.expressions import RawSQL\n\ndef find(text):\n"
        "    return RawSQL('%s' % text, [])\n",
        "from django.db.models import F\n\ndef find():\n    return F('name')\n",
    ),
    "S102": Example("def run(text):\n    exec(text)\n", "def run(job):\n    job.execute()\n"),
    "S307": Example(
        "def total(text):\n    return eval(text)\n",
        "import ast\n\ndef total(text):\n    return ast.literal_eval(text)\n",
    ),
    "S301": Example(
        "import pickle\n\ndef load(data):\n    return pickle.loads(data)\n",
        "import json\n\ndef load(data):\n    return json.loads(data)\n",
    ),
    "S302": Example(
        "import marshal\n\ndef load(data):\n    return marshal.loads(data)\n",
        "import json\n\ndef load(data):\n    return json.loads(data)\n",
    ),
    "S506": Example(
        "import yaml\n\ndef load(text):\n    return yaml.load(text, Loader=yaml.Loader)\n",
        "import yaml\n\ndef load(text):\n    return yaml.safe_load(text)\n",
    ),
    "S612": Example(
        "from logging import config\n\nconfig.listen(9999)\n",
        "from logging import config\n\ndef check(data):\n    return None\n\n"
        "config.listen(9999, verify=check)\n",
    ),
    "S701": Example(
        "import jinja2\n\nenvironment = jinja2.Environment(loader=None)\n",
        "import jinja2\n\nenvironment = jinja2.Environment(loader=None, autoescape=True)\n",
    ),
    "S702": Example(
        "from mako.template import Template\n\npage = Template('hello')\n",
        "from string import Template\n\npage = Template('hello')\n",
    ),
    "S308": Example(
        "from django.utils.safestring import mark_safe\n\ndef show(name):\n"
        "    return mark_safe(name)\n",
        "from django.utils.html import escape\n\ndef show(name):\n    return escape(name)\n",
    ),
    "S704": Example(
        "from markupsafe import Markup\n\ndef show(name):\n    return Markup(f'<b>{name}</b>')\n",
        "from markupsafe import Markup\n\ndef show(name):\n"
        "    return Markup('<b>{}</b>').format(name)\n",
    ),
    "S202": Example(
        "import tarfile\n\ndef unpack(path):\n    tarfile.open(path).extractall('/srv')\n",
        "import tarfile\n\ndef unpack(path):\n"
        "    tarfile.open(path).extractall('/srv', filter='data')\n",
    ),
    "S313": Example(
        "import xml.etree.cElementTree as tree\n\ndef read(path):\n    return tree.parse(path)\n",
        "import defusedxml.ElementTree as tree\n\ndef read(path):\n    return tree.parse(path)\n",
    ),
    "S314": Example(
        "import xml.etree.ElementTree as tree\n\ndef read(path):\n    return tree.parse(path)\n",
        "import defusedxml.ElementTree as tree\n\ndef read(path):\n    return tree.parse(path)\n",
    ),
    "S315": Example(
        "from xml.sax import expatreader\n\nreader = expatreader.create_parser()\n",
        "from defusedxml import expatreader\n\nreader = expatreader.create_parser()\n",
    ),
    "S316": Example(
        "from xml.dom import expatbuilder\n\ndef read(path):\n    return expatbuilder.parse(path)\n",
        "from defusedxml import expatbuilder\n\ndef read(path):\n"
        "    return expatbuilder.parse(path)\n",
    ),
    "S317": Example(
        "from xml import sax\n\nreader = sax.make_parser()\n",
        "from defusedxml import sax\n\nreader = sax.make_parser()\n",
    ),
    "S318": Example(
        "from xml.dom import minidom\n\ndef read(path):\n    return minidom.parse(path)\n",
        "from defusedxml import minidom\n\ndef read(path):\n    return minidom.parse(path)\n",
    ),
    "S319": Example(
        "from xml.dom import pulldom\n\ndef read(path):\n    return pulldom.parse(path)\n",
        "from defusedxml import pulldom\n\ndef read(path):\n    return pulldom.parse(path)\n",
    ),
    "S105": Example(
        "password = 'correct horse battery'\n",
        "import os\n\npassword = os.environ['PASSWORD']\n",
    ),
    "S106": Example(
        "def start(connect):\n    connect(password='correct horse battery')\n",
        "def start(connect, password):\n    connect(password=password)\n",
    ),
    "S107": Example(
        "def connect(password='correct horse battery'):\n    return password\n",
        "def connect(password=None):\n    return password\n",
    ),
    "S501": Example(
        "import requests\n\nrequests.get('https://example.org', timeout=5, verify=False)\n",
        "import requests\n\nrequests.get('https://example.org', timeout=5)\n",
    ),
    "S323": Example(
        "import ssl\n\ncontext = ssl._create_unverified_context()\n",
        "import ssl\n\ncontext = ssl.create_default_context()\n",
    ),
    "S502": Example(
        "import ssl\n\nssl.wrap_socket(ssl_version=ssl.PROTOCOL_SSLv3)\n",
        "import ssl\n\nssl.wrap_socket(ssl_version=ssl.PROTOCOL_TLS_CLIENT)\n",
    ),
    "S503": Example(
        "import ssl\n\ndef connect(version=ssl.PROTOCOL_TLSv1):\n    return version\n",
        "import ssl\n\ndef connect(version=ssl.PROTOCOL_TLS_CLIENT):\n    return version\n",
    ),
    "S504": Example(
        "import ssl\n\nssl.wrap_socket()\n",
        "import ssl\n\nssl.create_default_context().wrap_socket(None)\n",
    ),
    "S507": Example(
        "from paramiko import client\n\nssh = client.SSHClient()\n"
        "ssh.set_missing_host_key_policy(client.AutoAddPolicy)\n",
        "from paramiko import client\n\nssh = client.SSHClient()\n"
        "ssh.set_missing_host_key_policy(client.RejectPolicy)\n",
    ),
    "S304": Example(
        "from Crypto.Cipher import ARC2\n\ndef lock(key):\n    return ARC2.new(key)\n",
        "from Crypto.Cipher import AES\n\ndef lock(key):\n    return AES.new(key, AES.MODE_GCM)\n",
    ),
    "S305": Example(
        "from cryptography.hazmat.primitives.ciphers import modes\n\nmode = modes.ECB()\n",
        "from cryptography.hazmat.primitives.ciphers import modes\n\nmode = modes.GCM(b'0' * 12)\n",
    ),
    "S505": Example(
        "from cryptography.hazmat.primitives.asymmetric import rsa\n\n"
        "rsa.generate_private_key(key_size=1024, public_exponent=65537)\n",
        "from cryptography.hazmat.primitives.asymmetric import rsa\n\n"
        "rsa.generate_private_key(key_size=3072, public_exponent=65537)\n",
    ),
    "S508": Example(
        "from pysnmp.hlapi import CommunityData\n\nCommunityData('public', mpModel=0)\n",
        "from pysnmp.hlapi import CommunityData\n\nCommunityData('public', mpModel=2)\n",
    ),
    "S509": Example(
        "from pysnmp.hlapi import UsmUserData\n\nUsmUserData('name')\n",
        "from pysnmp.hlapi import UsmUserData\n\ndef user(auth, private):\n"
        "    return UsmUserData('name', auth, private)\n",
    ),
    "S303": Example(
        "from Crypto.Hash import MD5\n\ndigest = MD5.new()\n",
        "from Crypto.Hash import SHA256\n\ndigest = SHA256.new()\n",
    ),
    "S324": Example(
        "import hashlib\n\ndef key(data):\n    return hashlib.md5(data)\n",
        "import hashlib\n\ndef key(data):\n    return hashlib.md5(data, usedforsecurity=False)\n",
    ),
    "S312": Example(
        "import telnetlib\n\ndef connect(host):\n    return telnetlib.Telnet(host)\n",
        "import ssl\n\ndef connect(sock):\n    return ssl.create_default_context().wrap_socket(sock)\n",
    ),
    "S321": Example(
        "import ftplib\n\ndef connect(host):\n    return ftplib.FTP(host)\n",
        "import ftplib\n\nprint(ftplib.FTP_PORT)\n",
    ),
    "S311": Example(
        "import random\n\ntoken = random.choice('abc')\n",
        "import secrets\n\ntoken = secrets.choice('abc')\n",
    ),
    "S306": Example(
        "import tempfile\n\npath = tempfile.mktemp()\n",
        "import tempfile\n\npath = tempfile.mkstemp()\n",
    ),
    "S103": Example(
        "import os\n\nos.chmod('notes.txt', 0o777)\n",
        "import os\n\nos.chmod('notes.txt', 0o600)\n",
    ),
    "S104": Example("address = '0.0.0.0'\n", "address = '127.0.0.1'\n"),
    "S201": Example(
        "import flask\n\napp = flask.Flask('shop')\napp.run(debug=True)\n",
        "import flask\n\napp = flask.Flask('shop')\napp.run()\n",
    ),
    "S113": Example(
        "import requests\n\nrequests.get('https://example.org')\n",
        "import requests\n\nrequests.get('https://example.org', timeout=5)\n",
    ),
}

CORRECTNESS: dict[str, Example] = {
    "invalid-syntax": Example("def total(:\n    return 1\n", "def total():\n    return 1\n"),
    "F404": Example(
        "import os\nfrom __future__ import annotations\n\nprint(os.sep)\n",
        "from __future__ import annotations\nimport os\n\nprint(os.sep)\n",
    ),
    "F407": Example("from __future__ import braces\n", "from __future__ import division\n"),
    "F622": Example("*a, *b = [1, 2]\n", "*a, b = [1, 2]\n"),
    "F633": Example(
        "import sys\n\nprint >> sys.stderr, 'late'\n",
        "import sys\n\nprint('late', file=sys.stderr)\n",
    ),
    "F701": Example("break\n", "while True:\n    break\n"),
    "F702": Example("continue\n", "for a in [1]:\n    continue\n"),
    "F704": Example("yield 1\n", "def each():\n    yield 1\n"),
    "F706": Example("return 1\n", "def one():\n    return 1\n"),
    "F707": Example(
        "def run(job):\n    try:\n        job()\n    except:\n        raise\n"
        "    except ValueError:\n        raise\n",
        "def run(job):\n    try:\n        job()\n    except ValueError:\n        raise\n"
        "    except:\n        raise\n",
    ),
    "F722": Example("def one(a: '1 +'):\n    return a\n", "def one(a: 'int'):\n    return a\n"),
    "PLE0100": Example(
        "class Order:\n    def __init__(self):\n        yield 1\n",
        "class Order:\n    def __iter__(self):\n        yield 1\n",
    ),
    "PLE0115": Example(
        "count = 0\n\ndef outer():\n    count = 1\n    def inner():\n        global count\n"
        "        nonlocal count\n        count = 2\n    return inner, count\n",
        "count = 0\n\ndef outer():\n    global count\n    count = 2\n",
    ),
    "PLE0117": Example(
        "def outer():\n    nonlocal count\n    count = 1\n",
        "def outer():\n    count = 0\n    def inner():\n        nonlocal count\n        count = 1\n"
        "    return inner\n",
    ),
    "PLE0118": Example(
        "count = 0\n\ndef add():\n    print(count)\n    global count\n    count = 1\n",
        "count = 0\n\ndef add():\n    global count\n    print(count)\n    count = 1\n",
    ),
    "PLE1142": Example(
        "def show(page):\n    await page.load()\n",
        "async def show(page):\n    await page.load()\n",
    ),
    "PLE1700": Example(
        "async def each(rows):\n    yield from rows\n",
        "async def each(rows):\n    async for row in rows:\n        yield row\n",
    ),
    "PLE0704": Example("def fail():\n    raise\n", "def fail():\n    raise ValueError('no')\n"),
    "F821": Example(
        "def total():\n    return shiping\n", "def total(shipping):\n    return shipping\n"
    ),
    "F822": Example("__all__ = ['total']\n", "__all__ = ['total']\n\ntotal = 1\n"),
    "F823": Example(
        "count = 0\n\ndef add():\n    print(count)\n    count = 1\n    return count\n",
        "count = 0\n\ndef add():\n    print(count)\n    return count + 1\n",
    ),
    "PLE0237": Example(
        "class Order:\n    __slots__ = ('id',)\n\n    def __init__(self):\n        self.name = 'a'\n",
        "class Order:\n    __slots__ = ('name',)\n\n    def __init__(self):\n        self.name = 'a'\n",
    ),
    "F501": Example("print('%(name' % {'name': 1})\n", "print('%(name)s' % {'name': 1})\n"),
    "F502": Example("print('%(name)s' % ('a', 'b'))\n", "print('%(name)s' % {'name': 1})\n"),
    "F503": Example("print('%s %s' % {'name': 1})\n", "print('%s %s' % ('a', 'b'))\n"),
    "F504": Example(
        "print('%(a)s' % {'a': 1, 'b': 2})\n", "print('%(a)s %(b)s' % {'a': 1, 'b': 2})\n"
    ),
    "F505": Example("print('%(a)s %(b)s' % {'a': 1})\n", "print('%(a)s' % {'a': 1})\n"),
    "F506": Example("print('%(a)s %s' % {'a': 1})\n", "print('%(a)s' % {'a': 1})\n"),
    "F507": Example("print('%s %s' % (1, 2, 3))\n", "print('%s %s' % (1, 2))\n"),
    "F508": Example("print('%(a)*d' % {'a': 1})\n", "print('%*d' % (3, 1))\n"),
    "F509": Example("print('%s and %j' % ('a', 1))\n", "print('%s and %d' % ('a', 1))\n"),
    "F521": Example("print('{'.format(1))\n", "print('{}'.format(1))\n"),
    "F522": Example("print('{a}'.format(a=1, b=2))\n", "print('{a} {b}'.format(a=1, b=2))\n"),
    "F523": Example("print('{0}'.format(1, 2))\n", "print('{0} {1}'.format(1, 2))\n"),
    "F524": Example("print('{0} {1}'.format(1))\n", "print('{0}'.format(1))\n"),
    "F525": Example("print('{0} {}'.format(1, 2))\n", "print('{} {}'.format(1, 2))\n"),
    "PLE1205": Example(
        "import logging\n\nlogging.info('%s', 1, 2)\n",
        "import logging\n\nlogging.info('%s %s', 1, 2)\n",
    ),
    "PLE1206": Example(
        "import logging\n\nlogging.info('%s %s', 1)\n",
        "import logging\n\nlogging.info('%s', 1)\n",
    ),
    "PLE1300": Example("print('%z' % 1)\n", "print('%d' % 1)\n"),
    "PLE1307": Example("print('%d' % 'one')\n", "print('%s' % 'one')\n"),
    "B006": Example(
        "def add(row, rows=[]):\n    rows.append(row)\n    return rows\n",
        "def add(row, rows=None):\n    return [*(rows or ()), row]\n",
    ),
    "B039": Example(
        "from contextvars import ContextVar\n\nrows = ContextVar('rows', default=[])\n",
        "from contextvars import ContextVar\n\nrows = ContextVar('rows', default=None)\n",
    ),
    "B023": Example(
        "def makers(rows):\n    out = []\n    for row in rows:\n        out.append(lambda: row)\n"
        "    return out\n",
        "def makers(rows):\n    out = []\n    for row in rows:\n"
        "        out.append(lambda row=row: row)\n    return out\n",
    ),
    "B019": Example(
        "import functools\n\nclass Order:\n    @functools.lru_cache\n    def total(self):\n"
        "        return 1\n",
        "import functools\n\n@functools.lru_cache\ndef total(order):\n    return 1\n",
    ),
    "F631": Example("def check(a):\n    assert (a, 'no')\n", "def check(a):\n    assert a, 'no'\n"),
    "F634": Example(
        "def check(a):\n    if (a, 1):\n        return 1\n    return 2\n",
        "def check(a):\n    if a == 1:\n        return 1\n    return 2\n",
    ),
    "F632": Example(
        "def check(a):\n    return a is 'open'\n", "def check(a):\n    return a == 'open'\n"
    ),
    "B004": Example(
        "def check(a):\n    return hasattr(a, '__call__')\n",
        "def check(a):\n    return callable(a)\n",
    ),
    "B015": Example(
        "def check(a):\n    a == 1\n    return a\n", "def check(a):\n    a = 1\n    return a\n"
    ),
    "B018": Example("def check(a):\n    [a]\n    return a\n", "def check(a):\n    return [a]\n"),
    "B032": Example("rows = {}\nrows['a']: 1\n", "rows = {}\nrows['a'] = 1\n"),
    "E721": Example(
        "def check(a, b):\n    return type(a) == type(b)\n",
        "def check(a, b):\n    return type(a) is type(b)\n",
    ),
    "B002": Example("def add(n):\n    return ++n\n", "def add(n):\n    return n + 1\n"),
    "B003": Example(
        "import os\n\nos.environ = {}\n",
        "import os\n\nos.environ.clear()\n",
    ),
    "B005": Example(
        "def name(a):\n    return a.strip('http')\n",
        "def name(a):\n    return a.removeprefix('http')\n",
    ),
    "B020": Example(
        "def each(rows):\n    for rows in rows:\n        print(rows)\n",
        "def each(rows):\n    for row in rows:\n        print(row)\n",
    ),
    "B026": Example(
        "def call(f, rows):\n    f(a=1, *rows)\n", "def call(f, rows):\n    f(*rows, a=1)\n"
    ),
    "B031": Example(
        "import itertools\n\ndef each(rows):\n    for _, group in itertools.groupby(rows):\n"
        "        for n in range(2):\n            print(n, list(group))\n",
        "import itertools\n\ndef each(rows):\n    for _, group in itertools.groupby(rows):\n"
        "        print(list(group))\n",
    ),
    "B034": Example(
        "import re\n\ndef clean(a):\n    return re.sub('a', 'b', a, re.I)\n",
        "import re\n\ndef clean(a):\n    return re.sub('a', 'b', a, flags=re.I)\n",
    ),
    "B035": Example(
        "def index(rows):\n    return {'id': row for row in rows}\n",
        "def index(rows):\n    return {row.id: row for row in rows}\n",
    ),
    "F601": Example("rows = {'a': 1, 'a': 2}\n", "rows = {'a': 1, 'b': 2}\n"),
    "F602": Example(
        "def index(a, b):\n    return {a: 1, a: 2}\n", "def index(a, b):\n    return {a: 1, b: 2}\n"
    ),
    "PLE0643": Example("print([1, 2, 3][3])\n", "print([1, 2, 3][2])\n"),
    "PLE1310": Example("print('bobby'.strip('bob'))\n", "print('bobby'.removeprefix('bob'))\n"),
    "PLE1507": Example(
        "import os\n\nprint(os.getenv(1))\n", "import os\n\nprint(os.getenv('1'))\n"
    ),
    "PLE1519": Example(
        "from functools import singledispatch\n\nclass Order:\n    @singledispatch\n"
        "    def show(self, a):\n        return a\n",
        "from functools import singledispatchmethod\n\nclass Order:\n    @singledispatchmethod\n"
        "    def show(self, a):\n        return a\n",
    ),
    "PLE1520": Example(
        "from functools import singledispatchmethod\n\n@singledispatchmethod\ndef show(a):\n"
        "    return a\n",
        "from functools import singledispatch\n\n@singledispatch\ndef show(a):\n    return a\n",
    ),
    "PLE0302": Example(
        "class Order:\n    def __len__(self, a):\n        return 1\n",
        "class Order:\n    def __len__(self):\n        return 1\n",
    ),
    "PLE0303": Example(
        "class Order:\n    def __len__(self):\n        return -1\n",
        "class Order:\n    def __len__(self):\n        return 1\n",
    ),
    "PLE0304": Example(
        "class Order:\n    def __bool__(self):\n        return 1\n",
        "class Order:\n    def __bool__(self):\n        return True\n",
    ),
    "PLE0305": Example(
        "class Order:\n    def __index__(self):\n        return '1'\n",
        "class Order:\n    def __index__(self):\n        return 1\n",
    ),
    "PLE0307": Example(
        "class Order:\n    def __str__(self):\n        return 1\n",
        "class Order:\n    def __str__(self):\n        return '1'\n",
    ),
    "PLE0308": Example(
        "class Order:\n    def __bytes__(self):\n        return '1'\n",
        "class Order:\n    def __bytes__(self):\n        return b'1'\n",
    ),
    "PLE0309": Example(
        "class Order:\n    def __hash__(self):\n        return '1'\n",
        "class Order:\n    def __hash__(self):\n        return 1\n",
    ),
    "B016": Example("def fail():\n    raise 'no'\n", "def fail():\n    raise ValueError('no')\n"),
    "B029": Example(
        "def run(job):\n    try:\n        job()\n    except ():\n        print('no')\n",
        "def run(job):\n    try:\n        job()\n    except ValueError:\n        print('no')\n",
    ),
    "B030": Example(
        "def run(job):\n    try:\n        job()\n    except 1:\n        print('no')\n",
        "def run(job):\n    try:\n        job()\n    except ValueError:\n        print('no')\n",
    ),
    "F901": Example(
        "def total():\n    raise NotImplemented\n", "def total():\n    raise NotImplementedError\n"
    ),
    "PLE0101": Example(
        "class Order:\n    def __init__(self):\n        return 1\n",
        "class Order:\n    def __init__(self):\n        return\n",
    ),
    "B012": Example(
        "def run(job):\n    try:\n        job()\n    finally:\n        return 1\n",
        "def run(job):\n    try:\n        job()\n    finally:\n        print('done')\n    return 1\n",
    ),
    "S110": Example(
        "def run(job):\n    try:\n        job()\n    except Exception:\n        pass\n",
        "def run(job):\n    try:\n        job()\n    except KeyError:\n        pass\n",
    ),
    "S112": Example(
        "def run(jobs):\n    for job in jobs:\n        try:\n            job()\n"
        "        except Exception:\n            continue\n",
        "def run(jobs):\n    for job in jobs:\n        try:\n            job()\n"
        "        except KeyError:\n            continue\n",
    ),
    "E722": Example(
        "def run(job):\n    try:\n        job()\n    except:\n        print('no')\n",
        "def run(job):\n    try:\n        job()\n    except KeyError:\n        print('no')\n",
    ),
    "B017": Example(
        "import pytest\n\ndef test_it(job):\n    with pytest.raises(Exception):\n        job()\n",
        "import pytest\n\ndef test_it(job):\n    with pytest.raises(ValueError):\n        job()\n",
    ),
    "F811": Example(
        "def total():\n    return 1\n\ndef total():\n    return 2\n",
        "def total():\n    return 1\n\ndef count():\n    return 2\n",
    ),
    "F402": Example(
        "import os\n\ndef each(rows):\n    for os in rows:\n        print(os)\n\nprint(os.sep)\n",
        "import os\n\ndef each(rows):\n    for row in rows:\n        print(row)\n\nprint(os.sep)\n",
    ),
    "PLE0241": Example(
        "class A:\n    pass\n\nclass B(A, A):\n    pass\n",
        "class A:\n    pass\n\nclass B(A):\n    pass\n",
    ),
    "PLE0604": Example("__all__ = [1]\n", "__all__ = []\n"),
    "PLE0605": Example("__all__ = 'total'\ntotal = 1\n", "__all__ = ['total']\ntotal = 1\n"),
    "PLE1132": Example(
        "def call(f, rows):\n    f(a=1, **{'a': 2})\n", "def call(f, rows):\n    f(**{'a': 2})\n"
    ),
    "ASYNC210": Example(
        "import requests\n\nasync def load():\n    return requests.get('https://a.b', timeout=5)\n",
        "import requests\n\ndef load():\n    return requests.get('https://a.b', timeout=5)\n",
    ),
    "ASYNC212": Example(
        "import httpx\n\nasync def load():\n    client = httpx.Client()\n"
        "    return client.get('https://a.b')\n",
        "import httpx\n\nasync def load():\n    async with httpx.AsyncClient() as client:\n"
        "        return await client.get('https://a.b')\n",
    ),
    "ASYNC220": Example(
        "import subprocess\n\nasync def run():\n    return subprocess.Popen(['ls'])\n",
        "import asyncio\n\nasync def run():\n"
        "    return await asyncio.create_subprocess_exec('ls')\n",
    ),
    "ASYNC221": Example(
        "import subprocess\n\nasync def run():\n    subprocess.run(['ls'])\n",
        "import asyncio\n\nasync def run():\n    await asyncio.create_subprocess_exec('ls')\n",
    ),
    "ASYNC222": Example(
        "import os\n\nasync def run(pid):\n    os.waitpid(pid, 0)\n",
        "import os\n\ndef run(pid):\n    os.waitpid(pid, 0)\n",
    ),
    "ASYNC250": Example(
        "async def ask():\n    return input()\n", "def ask():\n    return input()\n"
    ),
    "ASYNC251": Example(
        "import time\n\nasync def rest():\n    time.sleep(1)\n",
        "import asyncio\n\nasync def rest():\n    await asyncio.sleep(1)\n",
    ),
    "ASYNC105": Example(
        "import trio\n\nasync def rest():\n    trio.sleep(1)\n",
        "import trio\n\nasync def rest():\n    await trio.sleep(1)\n",
    ),
}

STYLE: dict[str, Example] = {
    "F401": Example("import os\n", "import os\n\nprint(os.sep)\n"),
    "F841": Example(
        "def total():\n    count = 1\n    return 2\n",
        "def total():\n    count = 1\n    return count\n",
    ),
    "F842": Example(
        "def total():\n    count: int\n    return 2\n",
        "def total():\n    count: int = 1\n    return count\n",
    ),
    "E711": Example(
        "def check(a):\n    return a == None\n", "def check(a):\n    return a is None\n"
    ),
    "E712": Example(
        "def check(a):\n    return 1 if a == True else 2\n",
        "def check(a):\n    return 1 if a else 2\n",
    ),
    "E713": Example(
        "def check(a, b):\n    return not a in b\n", "def check(a, b):\n    return a not in b\n"
    ),
    "E714": Example(
        "def check(a, b):\n    return not a is b\n", "def check(a, b):\n    return a is not b\n"
    ),
    "F541": Example("print(f'done')\n", "print('done')\n"),
    "B013": Example(
        "def run(job):\n    try:\n        job()\n    except (KeyError,):\n        print('no')\n",
        "def run(job):\n    try:\n        job()\n    except KeyError:\n        print('no')\n",
    ),
    "B014": Example(
        "def run(job):\n    try:\n        job()\n    except (KeyError, KeyError):\n"
        "        print('no')\n",
        "def run(job):\n    try:\n        job()\n    except (KeyError, OSError):\n"
        "        print('no')\n",
    ),
    "B033": Example("rows = {1, 2, 1}\n", "rows = {1, 2}\n"),
}

EXAMPLES: dict[str, Example] = {**SECURITY, **CORRECTNESS, **STYLE}
