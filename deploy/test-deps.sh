# The part of deploy/install-deps --tests that is not Debian's: a real Kafka and Python packages.
# Not a command: install-deps reads it and brings say, fail, quietly, $work and the versions.

# write_pom FILE GROUP:ARTIFACT:VERSION...
write_pom() {
    local file=$1 group artifact version
    shift
    {
        echo '<project xmlns="http://maven.apache.org/POM/4.0.0">'
        echo '  <modelVersion>4.0.0</modelVersion>'
        echo '  <groupId>usher</groupId><artifactId>jars</artifactId><version>1</version>'
        echo '  <packaging>pom</packaging>'
        echo '  <dependencies>'
        while IFS=: read -r group artifact version; do
            echo "    <dependency><groupId>$group</groupId><artifactId>$artifact</artifactId>"
            echo "      <version>$version</version></dependency>"
        done < <(printf '%s\n' "$@")
        echo '  </dependencies>'
        echo '</project>'
    } >"$file"
}

write_log4j() {
    cat >"$1" <<'LOG4J'
log4j.rootLogger=ERROR, console
log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.target=System.err
log4j.appender.console.layout=org.apache.log4j.PatternLayout
log4j.appender.console.layout.ConversionPattern=%d %p %m (%c)%n
LOG4J
}

# The settings of a broker that lives for seconds; the archive's run uses them.
write_server_properties() {
    cat >"$1" <<PROPERTIES
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:$3,CONTROLLER://127.0.0.1:$4
advertised.listeners=PLAINTEXT://127.0.0.1:$3
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:$4
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs=$2
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
PROPERTIES
}

is_listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A class archive halves the start of each broker in the tests: without, they are slower, not wrong.
archive_classes() {
    local kafka=$1 properties="$work/server.properties" port=28090 broker
    while is_listening "$port" || is_listening $((port + 1)); do port=$((port + 2)); done
    local java=(java -Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1
        -Dlog4j.configuration="file:$kafka/log4j.properties" -cp "$kafka/libs/*")
    write_server_properties "$properties" "$work/broker" "$port" $((port + 1))
    quietly "${java[@]}" kafka.tools.StorageTool format -t MkU3OEVBNTcwNTJENDM2Qk \
        -c "$properties" || return 0
    java -XX:ArchiveClassesAtExit="$kafka/app.jsa" "${java[@]:1}" kafka.Kafka "$properties" \
        >"$work/broker.log" 2>&1 9>&- &
    broker=$!
    for _ in $(seq 300); do
        is_listening "$port" && break
        kill -0 "$broker" 2>/dev/null || break
        sleep 0.1
    done
    kill "$broker" 2>/dev/null || true
    wait "$broker" || true
}

# maven_into FOLDER JAVA-OPTION...
maven_into() {
    local folder=$1
    shift
    MAVEN_OPTS="${MAVEN_OPTS-} $*" quietly mvn -q -B -Dstyle.color=never -f "$work/pom/pom.xml" \
        dependency:copy-dependencies -DoutputDirectory="$folder" -DincludeScope=runtime
}

# fetch_jars FOLDER GROUP:ARTIFACT:VERSION...   these, and all that they need
fetch_jars() {
    local folder=$1 trust="$work/trust.jks"
    shift
    mkdir -p "$work/pom"
    write_pom "$work/pom/pom.xml" "$@"
    maven_into "$folder" 2>"$work/first" && return
    # Java has a trust store of its own, which may not know what the system trusts.
    /usr/bin/python3 "$(dirname "$self")/java-truststore" "$trust"
    maven_into "$folder" "-Djavax.net.ssl.trustStore=$trust"
}

install_kafka() {
    local kafka="$USHER_DEPS/kafka" group=org.apache.kafka
    say "fetching Kafka $kafka_version"
    rm -rf "$kafka"
    mkdir -p "$kafka"
    write_log4j "$kafka/log4j.properties"
    fetch_jars "$kafka/libs" "$group:kafka_2.13:$kafka_version" \
        "$group:kafka-tools:$kafka_version" ||
        fail "Maven could not fetch Kafka $kafka_version; see its message and the network."
    archive_classes "$kafka"
    echo "$kafka_stamp" >"$USHER_DEPS/kafka.stamp"
}

install_python() {
    say "fetching Python packages: $python_packages"
    rm -rf "$USHER_DEPS/venv"
    # Debian's own interpreter, whatever else is first in PATH.
    # shellcheck disable=SC2086
    quietly /usr/bin/python3 -m venv "$USHER_DEPS/venv" &&
        quietly "$USHER_DEPS/venv/bin/pip" install -q --disable-pip-version-check \
            $python_packages ||
        fail "pip could not install these packages; see its message and the network."
    echo "$python_stamp" >"$USHER_DEPS/python.stamp"
}
