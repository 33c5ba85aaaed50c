package usher.spring;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a Spring Kafka program makes of usher. test_spring.py writes what to send into a file and
 * judges what this one says: {"replies": [...], "deadLetters": [...]}.
 */
final class Main {
    private Main() {
    }

    public static void main(String[] arguments) {
        try {
            run(arguments);
        } catch (Throwable error) {
            error.printStackTrace();
            System.exit(1); // Spring's threads would go on
        }
    }

    private static void run(String[] arguments) throws Exception {
        ObjectMapper json = new ObjectMapper();
        JsonNode plan = json.readTree(new File(arguments[0]));
        Map<String, Requester> requesters = new LinkedHashMap<>();
        for (JsonNode way : plan.get("ways")) {
            requesters.put(way.get("name").asText(), Requester.of(plan, way));
        }
        List<Requester.Sent> sent = new ArrayList<>();
        for (JsonNode request : plan.get("requests")) {
            sent.add(requesters.get(request.get("way").asText()).send(request));
        }
        List<Object> replies = new ArrayList<>();
        for (Requester.Sent one : sent) {
            replies.add(one.reply());
        }
        requesters.values().forEach(Requester::close);
        List<Object> deadLetters = new DeadLetters(plan).read();
        json.writeValue(new File(arguments[1]),
                Map.of("replies", replies, "deadLetters", deadLetters));
    }
}
