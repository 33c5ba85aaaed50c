package usher.spring;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaOperations;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.listener.DeadLetterPublishingRecoverer;
import org.springframework.kafka.listener.ListenerExecutionFailedException;
import org.springframework.kafka.support.DefaultKafkaHeaderMapper;
import org.springframework.kafka.support.KafkaHeaders;

/**
 * Reads the dead letters as a Spring program does, and holds each against the one that Spring's own
 * DeadLetterPublishingRecoverer makes of the same record for the same group.
 */
final class DeadLetters {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final List<String> ORIGINAL = List.of(
            KafkaHeaders.DLT_ORIGINAL_TOPIC, KafkaHeaders.DLT_ORIGINAL_PARTITION,
            KafkaHeaders.DLT_ORIGINAL_OFFSET, KafkaHeaders.DLT_ORIGINAL_TIMESTAMP,
            KafkaHeaders.DLT_ORIGINAL_TIMESTAMP_TYPE, KafkaHeaders.DLT_ORIGINAL_CONSUMER_GROUP);

    private final JsonNode plan;
    private final DefaultKafkaConsumerFactory<byte[], byte[]> consumers;

    DeadLetters(JsonNode plan) {
        this.plan = plan;
        Map<String, Object> settings = new HashMap<>();
        settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, plan.get("brokers").asText());
        settings.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        settings.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG, ByteArrayDeserializer.class);
        settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        consumers = new DefaultKafkaConsumerFactory<>(settings);
    }

    List<Object> read() {
        int wanted = plan.get("dead_letters").asInt();
        List<ConsumerRecord<byte[], byte[]>> letters =
                read(plan.get("dead_letters_topic").asText(), wanted);
        Map<String, ConsumerRecord<byte[], byte[]>> sources = new HashMap<>();
        for (ConsumerRecord<byte[], byte[]> one : read(plan.get("requests_topic").asText(),
                plan.get("requests").size())) {
            sources.put(one.partition() + "/" + one.offset(), one);
        }
        List<Object> found = new ArrayList<>();
        for (ConsumerRecord<byte[], byte[]> letter : letters) {
            Map<String, Object> said = decode(letter);
            said.put("differs", compare(letter, sources.get(
                    said.get("partition") + "/" + said.get("offset"))));
            found.add(said);
        }
        return found;
    }

    private List<ConsumerRecord<byte[], byte[]>> read(String topic, int wanted) {
        List<ConsumerRecord<byte[], byte[]>> found = new ArrayList<>();
        try (Consumer<byte[], byte[]> consumer = consumers.createConsumer()) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(info -> new TopicPartition(topic, info.partition())).toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            long end = System.nanoTime() + PATIENCE.toNanos();
            while (found.size() < wanted && System.nanoTime() < end) {
                consumer.poll(Duration.ofMillis(200)).forEach(found::add);
            }
        }
        if (found.size() != wanted) {
            throw new IllegalStateException(topic + " has " + found.size() + " records, and "
                    + wanted + " are to be there");
        }
        return found;
    }

    /** With the types that Spring's reference gives for these headers. */
    private static Map<String, Object> decode(ConsumerRecord<byte[], byte[]> letter) {
        Map<String, Object> headers = new HashMap<>();
        new DefaultKafkaHeaderMapper().toHeaders(letter.headers(), headers);
        Map<String, Object> said = new LinkedHashMap<>();
        said.put("topic", text(headers, KafkaHeaders.DLT_ORIGINAL_TOPIC));
        said.put("partition", number(headers, KafkaHeaders.DLT_ORIGINAL_PARTITION).getInt());
        said.put("offset", number(headers, KafkaHeaders.DLT_ORIGINAL_OFFSET).getLong());
        said.put("timestamp", number(headers, KafkaHeaders.DLT_ORIGINAL_TIMESTAMP).getLong());
        said.put("timestampType", text(headers, KafkaHeaders.DLT_ORIGINAL_TIMESTAMP_TYPE));
        said.put("group", text(headers, KafkaHeaders.DLT_ORIGINAL_CONSUMER_GROUP));
        said.put("exception", text(headers, KafkaHeaders.DLT_EXCEPTION_FQCN));
        said.put("message", text(headers, KafkaHeaders.DLT_EXCEPTION_MESSAGE));
        said.put("code", text(headers, "usher-error-code"));
        return said;
    }

    private static String text(Map<String, Object> headers, String name) {
        return new String((byte[]) headers.get(name), StandardCharsets.UTF_8);
    }

    private static ByteBuffer number(Map<String, Object> headers, String name) {
        return ByteBuffer.wrap((byte[]) headers.get(name));
    }

    /** The names of what Spring writes otherwise; empty: all the same, to the last byte. */
    private List<String> compare(ConsumerRecord<byte[], byte[]> letter,
            ConsumerRecord<byte[], byte[]> source) {
        ProducerRecord<Object, Object> springs = springsOwn(source);
        List<String> differs = new ArrayList<>();
        for (String name : ORIGINAL) {
            compare(differs, name, springs.headers().lastHeader(name).value(),
                    letter.headers().lastHeader(name).value());
        }
        for (Header header : source.headers()) {
            compare(differs, header.key(), springs.headers().lastHeader(header.key()).value(),
                    letter.headers().lastHeader(header.key()).value());
        }
        compare(differs, "the key", (byte[]) springs.key(), letter.key());
        compare(differs, "the value", (byte[]) springs.value(), letter.value());
        if (!springs.partition().equals(letter.partition())) {
            differs.add("the partition");
        }
        return differs;
    }

    private static void compare(List<String> differs, String name, byte[] springs, byte[] ours) {
        if (!Arrays.equals(springs, ours)) {
            differs.add(name);
        }
    }

    private ProducerRecord<Object, Object> springsOwn(ConsumerRecord<byte[], byte[]> source) {
        List<ProducerRecord<Object, Object>> made = new ArrayList<>();
        Map<String, Object> settings = Map.of(
                ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, plan.get("brokers").asText(),
                ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class,
                ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG, ByteArraySerializer.class);
        var recoverer = new DeadLetterPublishingRecoverer(
                new KafkaTemplate<>(new DefaultKafkaProducerFactory<>(settings))) {
            @Override
            protected void publish(ProducerRecord<Object, Object> record,
                    KafkaOperations<Object, Object> template, ConsumerRecord<?, ?> from) {
                made.add(record); // and not sent
            }
        };
        recoverer.setVerifyPartition(false); // its topic has another name
        recoverer.accept(source, null, new ListenerExecutionFailedException("it failed",
                plan.get("group").asText(), new IllegalArgumentException("no event")));
        return made.get(0);
    }
}
