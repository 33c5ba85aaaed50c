package usher.spring;

import com.fasterxml.jackson.databind.JsonNode;
import io.cloudevents.CloudEvent;
import io.cloudevents.core.builder.CloudEventBuilder;
import io.cloudevents.core.message.Encoding;
import io.cloudevents.core.provider.EventFormatProvider;
import io.cloudevents.jackson.JsonFormat;
import io.cloudevents.kafka.CloudEventDeserializer;
import io.cloudevents.kafka.CloudEventSerializer;
import java.net.URI;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.listener.ContainerProperties;
import org.springframework.kafka.listener.KafkaMessageListenerContainer;
import org.springframework.kafka.requestreply.ReplyingKafkaTemplate;
import org.springframework.kafka.requestreply.RequestReplyFuture;
import org.springframework.kafka.support.DefaultKafkaHeaderMapper;
import org.springframework.kafka.support.KafkaHeaders;
import org.springframework.kafka.support.TopicPartitionOffset;

/**
 * One ReplyingKafkaTemplate, as Spring's documentation sets it up. The template itself writes
 * kafka_correlationId, and kafka_replyTopic and kafka_replyPartition where its container listens to
 * one topic or one partition.
 *
 * <p>A way with an "encoding" sends and reads CloudEvents with the CloudEvents SDK for Java; one
 * without sends the bytes and headers that it is told.
 */
final class Requester implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60); // Spring's own is 5 s

    private final ReplyingKafkaTemplate<String, Object, Object> template;
    private final String topic;
    private final boolean usesSdk;

    private Requester(JsonNode plan, JsonNode way) throws InterruptedException {
        String brokers = plan.get("brokers").asText();
        topic = plan.get("requests_topic").asText();
        usesSdk = way.has("encoding");
        template = new ReplyingKafkaTemplate<>(
                new DefaultKafkaProducerFactory<>(producerSettings(brokers, way)),
                new KafkaMessageListenerContainer<>(
                        new DefaultKafkaConsumerFactory<>(consumerSettings(brokers)),
                        container(plan, way)));
        template.setDefaultReplyTimeout(PATIENCE);
        template.setSharedReplyTopic(way.path("shared").asBoolean());
        template.afterPropertiesSet();
        template.start();
        if (!template.waitForAssignment(PATIENCE)) {
            throw new IllegalStateException(way + ": no partition was assigned");
        }
    }

    static Requester of(JsonNode plan, JsonNode way) throws InterruptedException {
        return new Requester(plan, way);
    }

    private static ContainerProperties container(JsonNode plan, JsonNode way) {
        String[] topics = new String[way.get("topics").size()];
        for (int i = 0; i < topics.length; i++) {
            topics[i] = way.get("topics").get(i).asText();
        }
        ContainerProperties properties = way.has("partition")
                ? new ContainerProperties(
                        new TopicPartitionOffset(topics[0], way.get("partition").asInt()))
                : new ContainerProperties(topics);
        properties.setGroupId(plan.get("group").asText() + "-" + way.get("name").asText());
        return properties;
    }

    private Map<String, Object> producerSettings(String brokers, JsonNode way) {
        Map<String, Object> settings = new HashMap<>();
        settings.put(ProducerConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
        settings.put(ProducerConfig.KEY_SERIALIZER_CLASS_CONFIG, StringSerializer.class);
        settings.put(ProducerConfig.VALUE_SERIALIZER_CLASS_CONFIG,
                usesSdk ? CloudEventSerializer.class : ByteArraySerializer.class);
        if (usesSdk) {
            settings.put(CloudEventSerializer.ENCODING_CONFIG,
                    Encoding.valueOf(way.get("encoding").asText()));
            settings.put(CloudEventSerializer.EVENT_FORMAT_CONFIG,
                    EventFormatProvider.getInstance().resolveFormat(JsonFormat.CONTENT_TYPE));
        }
        return settings;
    }

    private Map<String, Object> consumerSettings(String brokers) {
        Map<String, Object> settings = new HashMap<>();
        settings.put(ConsumerConfig.BOOTSTRAP_SERVERS_CONFIG, brokers);
        settings.put(ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG, StringDeserializer.class);
        settings.put(ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG,
                usesSdk ? CloudEventDeserializer.class : ByteArrayDeserializer.class);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        settings.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        return settings;
    }

    private Object value(JsonNode request) {
        byte[] bytes = request.get("value").isNull()
                ? null : Base64.getDecoder().decode(request.get("value").asText());
        if (!usesSdk) {
            return bytes;
        }
        JsonNode event = request.get("event");
        CloudEventBuilder builder = CloudEventBuilder.v1()
                .withId(event.get("id").asText())
                .withSource(URI.create(event.get("source").asText()))
                .withType(event.get("type").asText())
                .withSubject(event.get("subject").asText())
                .withData("application/json", bytes);
        if (event.has("correlationid")) {
            builder.withExtension("correlationid", event.get("correlationid").asText());
        }
        return builder.build();
    }

    Sent send(JsonNode request) {
        ProducerRecord<String, Object> record = new ProducerRecord<>(topic,
                request.get("partition").asInt(), request.get("key").asText(), value(request));
        for (JsonNode header : request.get("headers")) {
            record.headers().add(header.get(0).asText(),
                    Base64.getDecoder().decode(header.get(1).asText()));
        }
        return new Sent(request, template.sendAndReceive(record));
    }

    @Override
    public void close() {
        template.stop();
        template.destroy(); // or its scheduler goes on, and the program with it
    }

    /** A request that is under way. */
    record Sent(JsonNode request, RequestReplyFuture<String, Object, Object> future) {
        /** What the template got for it, in words. */
        Map<String, Object> reply() throws Exception {
            ConsumerRecord<String, Object> reply;
            try {
                reply = future.get(PATIENCE.toSeconds() + 1, TimeUnit.SECONDS);
            } catch (ExecutionException error) {
                throw new IllegalStateException("no reply for " + request, error);
            }
            RecordMetadata place = future.getSendFuture().get().getRecordMetadata();
            Headers asked = future.getSendFuture().get().getProducerRecord().headers();
            Map<String, Object> found = new LinkedHashMap<>();
            found.put("number", request.get("number").asInt());
            found.put("sentTo", place.partition());
            found.put("sentAs", place.offset());
            found.put("askedFor", headers(asked));
            found.put("topic", reply.topic());
            found.put("partition", reply.partition());
            found.put("key", reply.key());
            found.put("headers", headers(reply.headers()));
            found.put("mapped", mapped(reply.headers()));
            if (reply.value() instanceof CloudEvent event) {
                found.put("event", attributes(event));
                found.put("value", text(event.getData().toBytes()));
            } else {
                found.put("value", text((byte[]) reply.value()));
            }
            return found;
        }

        private static String text(byte[] bytes) {
            return Base64.getEncoder().encodeToString(bytes);
        }

        private static Map<String, String> headers(Headers headers) {
            Map<String, String> found = new TreeMap<>();
            for (Header header : headers) {
                found.put(header.key(), text(header.value()));
            }
            return found;
        }

        /** The classes that a listener of Spring's sees in the place of the headers of ours. */
        private static Map<String, String> mapped(Headers headers) {
            Map<String, Object> seen = new HashMap<>();
            new DefaultKafkaHeaderMapper().toHeaders(headers, seen);
            Map<String, String> found = new TreeMap<>();
            seen.forEach((name, value) -> found.put(name, value.getClass().getSimpleName()));
            found.putIfAbsent(KafkaHeaders.CORRELATION_ID, "");
            return found;
        }

        private static Map<String, String> attributes(CloudEvent event) {
            Map<String, String> found = new TreeMap<>();
            for (Iterator<String> i = event.getAttributeNames().iterator(); i.hasNext();) {
                String name = i.next();
                if (event.getAttribute(name) != null) {
                    found.put(name, event.getAttribute(name).toString());
                }
            }
            for (String name : event.getExtensionNames()) {
                found.put(name, event.getExtension(name).toString());
            }
            return found;
        }
    }
}
