"""Synthetic credentials in the forms met in overlays, and what looks like one and is none.

Every value is made up here, joined from parts so that no scanner of pushes takes it for real.
"""

from __future__ import annotations

import base64
import json
from typing import NamedTuple


class Case(NamedTuple):
    """A text, and the name that it stands under ("" for a whole file)."""

    about: str
    text: str
    key: str = ""


def b64(text: str) -> str:
    """Base64 as in a Secret's data."""
    return base64.b64encode(text.encode()).decode()


def b64u(value: object) -> str:
    """A part of a JSON web token."""
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


BODY = "bm90IGEgcmVhbCBrZXkgYXQgYWxs\nbm90IGEgcmVhbCBrZXkgYXQgYWxs\n"


def pem(label: str) -> str:
    """A PEM block whose body is a dummy."""
    return f"-----BEGIN {label}-----\n{BODY}-----END {label}-----\n"


ALNUM = "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8s9T0u1V2w3X4y5Z6a7B8c9D0e1F2g3H4i5J6k7L8"
HEX = "0123456789abcdef" * 4
JWT = ".".join((b64u({"alg": "HS256"}), b64u({"sub": "kfm-fake", "iat": 1}), "c2lnbmF0dXJlLXRoYXQtaXMtZmFrZQ"))
AWS_ID = "AKIA" + "FAKE0FAKE0FAKE0F"

POSITIVE: tuple[Case, ...] = (
    Case("a password in an environment variable", "hunter2", "DB_PASSWORD"),
    Case("a weak dummy is a credential all the same", "changeme", "POSTGRES_PASSWORD"),
    Case("digits alone", "123456", "password"),
    Case("an AWS secret access key", ALNUM[:40], "AWS_SECRET_ACCESS_KEY"),
    Case("the same by a dummy of x's", "xxxxx", "AZURE_BATCH_KEY"),
    Case("a camel-case name", "s3cr3tValue!", "clientSecret"),
    Case("a token with a hyphen and digits", "ab12-cd34-ef56", "API_TOKEN"),
    Case("a password behind base64", b64("hunter2"), "password"),
    Case("an AWS access key id", f"aws_access_key_id = {AWS_ID}"),
    Case("a GitHub token", "token: " + "ghp_" + ALNUM[:36]),
    Case("a fine-grained GitHub token", "x " + "github_pat_" + ALNUM[:30]),
    Case("a GitLab token", "glpat" + "-" + ALNUM[:20]),
    Case("a Slack token", "xoxb" + "-123456789012-" + ALNUM[:24].lower()),
    Case("a Slack webhook", "https://hooks.slack.com/" + "services/T0FAKE000/B0FAKE000/" + ALNUM[:24]),
    Case("a Stripe key", "sk_" + "live_" + ALNUM[:24]),
    Case("a Google API key", "AIza" + ALNUM[:35]),
    Case("an Azure storage key", "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=" + (ALNUM * 2)[:86] + "=="),
    Case("a SendGrid key", "SG." + ALNUM[:22] + "." + ALNUM[:43]),
    Case("an npm token", "//registry.npmjs.org/:_authToken=" + "npm_" + ALNUM[:36]),
    Case("a Vault token", "hvs." + ALNUM[:24]),
    Case("a JSON web token", f"Authorization: Bearer {JWT}"),
    Case("a JSON web token on its own", JWT),
    Case("an RSA private key", pem("RSA " + "PRIVATE KEY")),
    Case("a PKCS 8 private key", pem("PRIVATE " + "KEY")),
    Case("an OpenSSH private key in one line", pem("OPENSSH " + "PRIVATE KEY").replace("\n", "\\n")),
    Case("an encrypted private key", pem("ENCRYPTED " + "PRIVATE KEY")),
    Case("a private key behind base64", b64(pem("PRIVATE " + "KEY")), "tls.key"),
    Case("a private key behind base64 in a file", f"    client-key-data: {b64(pem('RSA ' + 'PRIVATE KEY'))}\n"),
    Case("an age key", "AGE-SECRET-" + "KEY-1" + ALNUM[:58].upper()),
    Case("a URL with a password", "postgres://app:hunter2@db.kfm-data:5432/kfm", "DATABASE_URL"),
    Case("a URL with a password and no user", "redis://:hunter2@cache:6379/0"),
    Case("a URL with a password in a list of brokers", "amqp://u:p4ss@a,amqp://u:p4ss@b"),
    Case("a libpq connection string", "host=db user=app password=hunter2 dbname=kfm"),
    Case("an ADO connection string", "Server=db;User Id=sa;Password=Hunter2!;Encrypt=true"),
    Case("a flag", "--db-password=hunter2"),
    Case("a shell", "PGPASSWORD=hunter2 psql -h db"),
    Case("curl with a user", "curl -u admin:hunter2 https://x"),
    Case("a query", "https://x.example/?user=a&api_key=abc123def456"),
    Case("basic authorization", "Authorization: Basic " + b64("admin:hunter22")),
    Case("an .env file", "# settings\nLOG=info\nDB_PASSWORD=hunter2\n"),
    Case("an .env file, quoted and exported", 'export API_KEY="abc 123 def"\n'),
    Case("YAML", "db:\n  password: hunter2  # local\n"),
    Case("YAML, quoted", 'db:\n  "password": "hunter2"\n'),
    Case("YAML, a block", "db:\n  password: |\n    hunter2\n"),
    Case("YAML, an anchor", "db:\n  password: &pw hunter2\n"),
    Case("YAML, a flow", "db: {user: app, password: hunter2}\n"),
    Case("YAML, an env entry", "env:\n  - name: DB_PASSWORD\n    value: hunter2\n"),
    Case("YAML, an env entry turned round", "env:\n  - value: hunter2\n    name: DB_PASSWORD\n"),
    Case("YAML, an env entry in a flow", "env: [{name: DB_PASSWORD, value: hunter2}]\n"),
    Case("YAML, a comment", "# password: Hunter2-real\nreplicas: 2\n"),
    Case("JSON", '{"user": "app", "password": "hunter2"}'),
    Case("JSON without spaces", '{"user":"app","apiKey":"abc123"}'),
    Case("JSON, an env entry", '{"name": "DB_PASSWORD", "value": "hunter2"}'),
    Case("a Google service account", json.dumps({"type": "service_account", "private_key": pem("PRIVATE " + "KEY")})),
    Case("docker configuration", json.dumps({"auths": {"r.example": {"auth": b64("bot:hunter2")}}})),
    Case("docker configuration behind base64", b64(json.dumps({"auths": {"r.example": {"auth": b64("b:h2")}}}))),
    Case("a kubeconfig", "users:\n- name: admin\n  user:\n    token: " + ALNUM[:32] + "\n"),
    Case("htpasswd by bcrypt", "admin:" + "$2y$" + "10$" + (ALNUM)[:53]),
    Case("htpasswd by MD5", "admin:" + "$apr1$" + "abcdefgh$" + ALNUM[:22]),
    Case("htpasswd by SHA", "admin:" + "{SHA}" + b64("0123456789abcdefghij")),
    Case("redis.conf", "port 6379\nrequirepass hunter2\n"),
    Case("netrc", "machine git.example login bot password hunter2\n"),
    Case("XML", "<server><username>a</username><password>hunter2</password></server>"),
    Case("properties", "spring.datasource.password=hunter2\n"),
    Case("TOML", '[db]\npassword = "hunter2"\n'),
    Case("a token behind base64", b64("token=" + ALNUM[:24])),
    Case("a password behind base64 twice", b64(b64("DB_PASSWORD=hunter2"))),
    Case("settings behind base64, in a ConfigMap", b64("db:\n  user: app\n  password: hunter2\n"), "settings"),
    Case("an Argo CD cluster's configuration", json.dumps({"bearerToken": ALNUM[:30], "tlsClientConfig": {}})),
    Case("an Argo CD Helm parameter", "parameters:\n- name: postgresql.auth.password\n  value: hunter2\n"),
    Case("a Terraform variable", 'variable "db_password" { }\ndb_password = "hunter2"\n'),
    Case("an aligned assignment, as formatters write it", 'db_password      = "hunter2"'),
    Case("an aligned assignment without quotes", "password\t=\thunter2"),
    Case("the data source name of Go's MySQL driver", "app:hunter2@tcp(db:3306)/shop"),
    Case("a constant of PHP", "define('DB_PASSWORD', 'hunter2');"),
    Case("a shell's assignment within JSON", json.dumps({"cmd": 'export PGPASSWORD="hunter2" && psql'})),
    Case("a flag within JSON within JSON", json.dumps({"a": json.dumps({"x": '--from-literal=password="hunter2"'})})),
    Case("Fluent Bit", "[OUTPUT]\n    Name es\n    HTTP_Passwd hunter2\n"),
    Case("fluentd", "<match **>\n  password hunter2\n</match>\n"),
    Case("a header that nginx adds", 'proxy_set_header X-Api-Key "hunter2hunter2";\n'),
    Case("an access list of Redis", "user default on >hunter2 ~* +@all\n"),
    Case(
        "userlist.txt of PgBouncer", '"app" "SCRAM-SHA-256' + f'$4096:{b64("salt salt")}${ALNUM[:43]}=:{ALNUM[:43]}="'
    ),
    Case(
        "a private JSON web key",
        json.dumps({"keys": [{"kty": "EC", "crv": "P-256", "x": ALNUM[:43], "d": ALNUM[25:68]}]}),
    ),
    Case("a JSON web key within JSON", json.dumps({"jwks": json.dumps({"kty": "oct", "k": ALNUM[:43]})})),
    Case("what a shell takes for want of a variable", "export DB_PASSWORD=${DB_PASSWORD:-hunter2}\n"),
    Case("what Spring takes for want of a variable", "password: ${DB_PASSWORD:hunter2}\n"),
    Case("the same in an address", "postgres://app:${DB_PASSWORD:-hunter2}@db/shop"),
    Case("what Python takes for want of a variable", 'x = os.environ.get("DB_PASSWORD", "hunter2")\n'),
    Case("what JavaScript takes for want of a variable", "connect(process.env.DB_PASSWORD || 'hunter2')\n"),
    Case("a user of Keycloak's", '{"credentials":[{"type":"password","value":"hunter2"}]}'),
    Case("Neo4j's shell", "cypher-shell -u neo4j -p hunter2 'RETURN 1'"),
    Case("Neo4j's first password", "neo4j-admin dbms set-initial-password hunter2"),
    Case("MongoDB's shell", "mongosh --quiet -u root -p hunter2 --eval 1"),
    Case("MinIO's client", "mc alias set lake http://minio:9000 admin hunter2"),
    Case("Hadoop's XML", "<name>javax.jdo.option.ConnectionPassword</name>\n  <value>hunter2</value>"),
    Case("WireGuard", f"[Peer]\nPresharedKey = {ALNUM[:43]}=\n"),
    Case("the key of Airflow", ALNUM[:43] + "=", "AIRFLOW__CORE__FERNET_KEY"),
    Case("the login of Neo4j's image", "neo4j/hunter2", "NEO4J_AUTH"),
    Case("Neo4j's login in a file", "NEO4J_AUTH=neo4j/hunter2\n"),
    Case("the cookie of RabbitMQ's nodes", "SWQOKODSQALRPCLNMEQG", "RABBITMQ_ERLANG_COOKIE"),
    Case("a password that is its own name", "password", "PASSWORD"),
    Case("a metric's label that holds a password", 'x{job="a",password="hunter2"}'),
)

NEGATIVE: tuple[Case, ...] = (
    Case("an image digest", "image: registry.example/kfm-api@sha256:" + HEX),
    Case("a checksum annotation", "checksum/secret: " + HEX),
    Case("a UUID", "id: 6f9619ff-8b86-d011-b42d-00c04fc964ff"),
    Case("a git commit", "targetRevision: " + HEX[:40]),
    Case("a certificate", pem("CERTIFICATE")),
    Case("a CA bundle behind base64", f"caBundle: {b64(pem('CERTIFICATE') * 3)}"),
    Case("a CA bundle", pem("CERTIFICATE") * 3, "ca.crt"),
    Case("a public key", pem("PUBLIC KEY"), "cosign.pub"),
    Case("a public key in a policy", "publicKeys: |-\n  " + pem("PUBLIC KEY").replace("\n", "\n  ")),
    Case("an SSH public key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + ALNUM[:43] + " ops@kfm", "ssh-key"),
    Case("known hosts", "github.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"),
    Case("sealed data", "encryptedData:\n  password: AgBy3i4OJSWK+PiTySYZZA9rO43cGDEq" + ALNUM * 4),
    Case(
        "a SOPS value", "password: ENC[AES256_GCM,data:3PTvx6o=,iv:74ni7B2QMB6=,tag:mK2Tu7JWDdEmZUrXz3uRzw==,type:str]"
    ),
    Case(
        "SOPS with age",
        "enc: |\n  -----BEGIN AGE ENCRYPTED FILE-----\n  YWdlLWVuY3J5cHRpb24\n  -----END AGE ENCRYPTED FILE-----",
    ),
    Case("a PGP message", "enc: |\n  -----BEGIN PGP MESSAGE-----\n\n  hQIMA\n  -----END PGP MESSAGE-----"),
    Case(
        "a secretKeyRef", "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef:\n      name: db\n      key: password\n"
    ),
    Case(
        "an ExternalSecret",
        "data:\n- secretKey: password\n  remoteRef:\n    key: kfm/prod/db\n    property: password\n",
    ),
    Case("a template", 'password: "{{ .password }}"'),
    Case("a URL by template", "url: postgres://{{ .user }}:{{ .password }}@db:5432/kfm"),
    Case("a URL by variable", "postgres://$(DB_USER):$(DB_PASSWORD)@db:5432/kfm", "DATABASE_URL"),
    Case("a URL by shell variable", "DATABASE_URL=postgres://${DB_USER}:${DB_PASSWORD}@db:5432/kfm"),
    Case("a variable", "$(DB_PASSWORD)", "PGPASSWORD"),
    Case("a shell variable", "PGPASSWORD=${DB_PASSWORD} psql"),
    Case("a shell's command", 'TOKEN="$(cat /var/run/secrets/token)"'),
    Case("Vault's webhook", "vault:secret/data/kfm#password", "DB_PASSWORD"),
    Case("vals", "ref+vault://secret/kfm#/password", "DB_PASSWORD"),
    Case("a file", "/run/secrets/db-password", "DB_PASSWORD"),
    Case("a file by its own name", "POSTGRES_PASSWORD_FILE=/run/secrets/db"),
    Case("a Secret's name", "kfm-db-credentials", "DB_SECRET_NAME"),
    Case("a Secret's name in a custom resource", "existingSecret: kfm-db-credentials\n"),
    Case("a Secret's name under secret", "tls:\n  secret: api-tls\n"),
    Case("a mount", "volumeMounts:\n- name: secret-store\n  mountPath: /secrets\n"),
    Case("a projected token", "serviceAccountToken:\n  path: token\n  expirationSeconds: 3600\n"),
    Case("no token mounted", "automountServiceAccountToken: false\n"),
    Case("RBAC", 'resources: ["secrets", "serviceaccounts/token"]\nverbs: [get]\n'),
    Case("a topology key", "topologyKey: kubernetes.io/hostname\n"),
    Case("a time to live", "TOKEN_TTL=3600\nmax_tokens: 512\n"),
    Case("an address of tokens", "https://login.kfm.example/oauth2/token", "TOKEN_ENDPOINT"),
    Case("an address", "https://vault.kfm.example:8200", "VAULT_ADDR"),
    Case("an empty password", "REDIS_PASSWORD=\n"),
    Case("a masked password", "password: '********'\n"),
    Case("a placeholder", "password: <from the vault>\n"),
    Case("a port in a URL", "http://kfm-api:8080/x@y"),
    Case("an e-mail address", "mailto:ops@kfm.example"),
    Case("git over SSH", "repoURL: git@github.com:kfm/infra.git"),
    Case("git with a user", "repoURL: https://git@github.com/kfm/infra.git"),
    Case("harmless settings behind base64", b64("log:\n  level: info\nreplicas: 3\n"), "settings"),
    Case("a long harmless base64", b64("The quick brown fox jumps over the lazy dog. " * 4)),
    Case("a GeoJSON", '{"type":"Point","coordinates":[-98.48,39.01]}'),
    Case("a Grafana dashboard", '{"uid":"kfmapi","panels":[{"id":1,"targets":[{"expr":"rate(x[5m])"}]}]}'),
    Case("an alert", "summary: The token of {{ $labels.sa }} expires soon\ndescription: Rotate the password"),
    Case("prose", "The database password: kept in Vault, never here. Rotate the API key: see the runbook."),
    Case("a policy in CEL", "expression: \"!has(object.spec.automountServiceAccountToken) || object.x == 'secret'\""),
    Case("a Rego policy", 'deny[msg] { input.kind == "Secret"; not input.metadata.annotations["sealed"] }'),
    Case("the header of a key, quoted", "no file may hold -----BEGIN " + "PRIVATE KEY----- in it"),
    Case("an ARN", "arn:aws:secretsmanager:eu-central-1:123456789012:secret:kfm-AbCdEf", "DB_SECRET"),
    Case(
        "an OpenAPI schema", "properties:\n  password:\n    type: string\n    description: The password of the user\n"
    ),
    Case("key and value of a label", "matchExpressions:\n- key: app\n  operator: In\n  values: [api]\n"),
    Case("a STAC asset", "href: s3://kfm-data/items/a.tif\nkey: a\nchecksum: 1220" + HEX),
    Case("a bcrypt cost", "bcrypt_cost: 12\npassword_policy: strong\npassword_min_length: 12\n"),
    Case(
        "basic authentication, the words", "nginx.ingress.kubernetes.io/auth-type: basic\nauth-secret: basic-auth-users"
    ),
    Case("cron", 'schedule: "0 3 * * *"\nname: rotate-secrets\n'),
    Case("an OIDC client", "clientID: kfm-web\nclientSecret: $oidc.kfm.clientSecret\n"),
    Case("kubectl create token", "kubectl create token kfm-api --duration=10m"),
    Case("a Helm value", "auth:\n  existingSecret: pg\n  secretKeys:\n    adminPasswordKey: postgres-password\n"),
    Case(
        "the CSI driver", "objects: |\n  - objectName: db-password\n    objectType: secret\n    secretKey: password\n"
    ),
    Case("a regular expression that masks a password", "s/password=.*/password=***/"),
    Case("regular expressions that look for one", r"password=([^&\s]+) token=\S+ secret=(.*)"),
    Case("a comparison", "if password == expected:"),
    Case("a data source name filled in later", "app:${DB_PASSWORD}@tcp(db:3306)/shop"),
    Case(
        "a public JSON web key", json.dumps({"keys": [{"kty": "EC", "crv": "P-256", "x": ALNUM[:43], "y": ALNUM[:43]}]})
    ),
    Case("nothing for want of a variable", "PASSWORD=${PASSWORD:-}\nTOKEN=${1:-}\nPW=${PW:?must be set}\n"),
    Case("a file for want of a variable", "password: ${DB_PASSWORD:-/run/secrets/db}\nKEY_PASSWORD=${KP:-$OTHER}\n"),
    Case(
        "a configuration provider of Kafka's",
        "ssl.key.password=${file:/etc/kafka/x:kp}\ndb.password=${secrets:a/b:pw}\n",
    ),
    Case("a part of a variable", 'TOKEN=${TOKEN:0:8}\nx = os.environ.get("TOKEN_TTL", "3600")\n'),
    Case(
        "shells with variables",
        'cypher-shell -u neo4j -p "$PW"\nmongosh -p "$PW"\nmc alias set s3 http://x "$A" "$S"\n',
    ),
    Case("a field of a form", '{"type":"password","value":""}'),
    Case("a dashboard of Secrets", json.dumps({"expr": 'kube_secret_info{namespace="a",secret="db-tls"}'})),
    Case("a dashboard with a variable", json.dumps({"expr": 'x{job="a", secret=~"$secret"}'})),
    Case("a shell's command within JSON", json.dumps({"cmd": 'export PGPASSWORD="$(cat /run/pw)" TOKEN="$T"'})),
    Case(
        "a realm of Keycloak",
        json.dumps({"access.token.lifespan": "300", "accessTokenLifespan": 300, "client.secret.creation.time": "17"}),
    ),
    Case("Dex", "enablePasswordDB: true\noauth2:\n  passwordConnector: local\n"),
    Case("Grafana's own references", "client_secret = $__env{SSO}\nsecret_key = $__file{/etc/grafana/key}\n"),
    Case("a path that Vault's agent injects", "kv/data/Team/DB1", "vault.hashicorp.com/agent-inject-secret-db"),
    Case("a field that OpenShift exposes", "{.data['password']}", "template.openshift.io/expose-password"),
    Case(
        "how long a token lives", "REFRESH_TOKEN_DAYS=30\nJWT_ACCESS_TOKEN_EXPIRE_MINUTES=30\nPRIVATE_KEY_BITS=4096\n"
    ),
    Case("how passwords are hashed", "PASSWORD_HASHERS=argon2\nPASSWORD_HASH_ROUNDS=12\n"),
    Case("the name of a cookie", "CSRF_TOKEN_COOKIE=XSRF-TOKEN\nACCESS_TOKEN_COOKIE_DOMAIN=example.org\n"),
    Case("the Secret of a key", "gh-app-key", "GITHUB_APP_PRIVATE_KEY_SECRET"),
    Case("Python", 'token = request.headers["X-Token"]\napi_key: str = Field(default="")\n'),
    Case("JavaScript", "const token = req.headers['x-token'];\nlet secret = await getSecret();\n"),
    Case("Lua of nginx", "local token = ngx.var.cookie_token\n"),
    Case("a script's argument", 'SECRET="$2"\nPASSWORD=`cat /run/pw`\n'),
    Case("a value that Maven fills in", "jwt.secret=@jwt.secret@\n"),
    Case("a label of a form", '{"labels":{"apiKey":"API key","secret":"Secret"}}'),
    Case("a column of a table", "CREATE TABLE users (\n  password varchar(64),\n  token text\n);\n"),
    Case("how clients may log in", "host all all 10.0.0.0/8 scram-sha-256\nPasswordAuthentication no\n"),
)
